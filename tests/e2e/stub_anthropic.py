#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""stub_anthropic - a stand-in for the Anthropic Messages API.

usage: stub_anthropic.py [--port N] [--port-file FILE] [--log FILE]
                         [--final TEXT] [--step TOOL=JSON]...

Plays a script: each --step is answered as one tool_use, in order, then comes
the final text. Which step is next is read off the conversation itself (the
number of tool results in it), so that retries and parallel requests do no
harm. Requests without tools (titles, quota checks, summaries) get a short
text and do not count. Listens on 127.0.0.1 only and never asks who calls.
"""

import argparse
import http.server
import json
import os
import sys
import threading
import time

BODY_MAX = 64 * 1024 * 1024
SIDE_TEXT = "ok"


class Script:
    """The conversation to play, and what was asked."""

    def __init__(self, steps=(), final="All done.", log=None):
        self.steps = list(steps)  # (tool name, input object)
        self.final = final
        self.requests = []  # (method, path, body or None)
        self.results = []  # texts of tool results, in order
        self.log = log
        self.lock = threading.Lock()

    def record(self, method, path, body):
        with self.lock:
            self.requests.append((method, path, body))
            if self.log:
                self.log.write(
                    json.dumps(
                        {
                            "time": time.time(),
                            "method": method,
                            "path": path,
                            "body": body,
                        }
                    )
                    + "\n"
                )
                self.log.flush()

    def answer(self, body):
        """The content block for a request: ("text", t) or ("tool", ...)."""
        results = tool_results(body)
        tools = {t.get("name") for t in body.get("tools") or []}
        if not tools:
            return ("text", SIDE_TEXT)
        with self.lock:
            if len(results) > len(self.results):
                self.results = results
        if len(results) >= len(self.steps):
            return ("text", self.final)
        name, arguments = self.steps[len(results)]
        if name not in tools:
            return ("text", f"stub: the client offers no tool '{name}'")
        return ("tool", name, arguments, len(results))


def text_of(content):
    """The text of a content, which is a string or a list of blocks."""
    if isinstance(content, str):
        return content
    parts = []
    for block in content or []:
        if isinstance(block, dict):
            parts.append(block.get("text") or "")
    return "".join(parts)


def tool_results(body):
    found = []
    for message in body.get("messages") or []:
        content = message.get("content")
        if message.get("role") != "user" or not isinstance(content, list):
            continue
        for block in content:
            if block.get("type") == "tool_result":
                found.append(text_of(block.get("content")))
    return found


def content_block(answer):
    if answer[0] == "text":
        return {"type": "text", "text": answer[1]}
    _, name, arguments, step = answer
    return {
        "type": "tool_use",
        "id": f"toolu_stub{step:020d}",
        "name": name,
        "input": arguments,
    }


def message(body, answer):
    return {
        "id": f"msg_stub{time.time_ns()}",
        "type": "message",
        "role": "assistant",
        "model": body.get("model") or "stub",
        "content": [content_block(answer)],
        "stop_reason": "tool_use" if answer[0] == "tool" else "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 10, "output_tokens": 10},
    }


def events(body, answer):
    """The same message as the events of a stream."""
    whole = message(body, answer)
    block = whole["content"][0]
    start = dict(whole, content=[], stop_reason=None)
    if block["type"] == "text":
        empty = dict(block, text="")
        delta = {"type": "text_delta", "text": block["text"]}
    else:
        empty = dict(block, input={})
        delta = {
            "type": "input_json_delta",
            "partial_json": json.dumps(block["input"]),
        }
    yield {"type": "message_start", "message": start}
    yield {"type": "content_block_start", "index": 0, "content_block": empty}
    yield {"type": "ping"}
    yield {"type": "content_block_delta", "index": 0, "delta": delta}
    yield {"type": "content_block_stop", "index": 0}
    yield {
        "type": "message_delta",
        "delta": {"stop_reason": whole["stop_reason"], "stop_sequence": None},
        "usage": {"output_tokens": 10},
    }
    yield {"type": "message_stop"}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 120
    script = None  # set by Server

    def log_message(self, format, *args):
        del format, args

    def reply(self, status, value):
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.send_header("request-id", "req_stub")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def reply_stream(self, body, answer):
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("cache-control", "no-cache")
        self.send_header("request-id", "req_stub")
        self.send_header("connection", "close")
        self.end_headers()
        for event in events(body, answer):
            data = json.dumps(event)
            self.wfile.write(f"event: {event['type']}\n".encode())
            self.wfile.write(f"data: {data}\n\n".encode())
            self.wfile.flush()
        self.close_connection = True

    def do_HEAD(self):
        self.script.record("HEAD", self.path, None)
        self.reply(200, {})

    def do_GET(self):
        self.script.record("GET", self.path, None)
        if self.path.split("?")[0].startswith("/v1/models"):
            self.reply(200, {"data": [], "has_more": False})
        else:
            self.reply(404, not_found())

    def read_body(self):
        length = int(self.headers.get("content-length") or 0)
        if length > BODY_MAX:
            raise ValueError("request body too large")
        return json.loads(self.rfile.read(length) or b"{}")

    def do_POST(self):
        try:
            body = self.read_body()
        except ValueError:
            self.close_connection = True
            self.reply(400, {"type": "error"})
            return
        path = self.path.split("?")[0]
        self.script.record("POST", self.path, body)
        if path == "/v1/messages/count_tokens":
            self.reply(200, {"input_tokens": 10})
        elif path == "/v1/messages":
            answer = self.script.answer(body)
            if body.get("stream"):
                self.reply_stream(body, answer)
            else:
                self.reply(200, message(body, answer))
        else:
            self.reply(404, not_found())


def not_found():
    return {
        "type": "error",
        "error": {"type": "not_found_error", "message": "not found"},
    }


class Server:
    """The stub in a thread of this process; a context manager."""

    def __init__(self, script, port=0):
        handler = type("BoundHandler", (Handler,), {"script": script})
        self.script = script
        self.http = http.server.ThreadingHTTPServer(
            ("127.0.0.1", port), handler
        )
        self.http.daemon_threads = True
        self.port = self.http.server_address[1]
        self.thread = threading.Thread(
            target=self.http.serve_forever, daemon=True
        )

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.http.shutdown()
        self.http.server_close()


def step(text):
    name, _, arguments = text.partition("=")
    return (name, json.loads(arguments))


def main():
    parser = argparse.ArgumentParser(description="Messages API stand-in")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--port-file")
    parser.add_argument("--log")
    parser.add_argument("--final", default="All done.")
    parser.add_argument("--step", type=step, action="append", default=[])
    options = parser.parse_args()
    log = open(options.log, "a", encoding="utf-8") if options.log else None
    script = Script(options.step, options.final, log)
    with Server(script, options.port) as server:
        print(server.port, flush=True)
        if options.port_file:
            new = options.port_file + ".new"
            with open(new, "w", encoding="utf-8") as f:
                f.write(f"{server.port}\n")
            os.rename(new, options.port_file)
        server.thread.join()
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
