// SPDX-License-Identifier: Apache-2.0
/*
 * image_config.c - the configuration of an image as JSON.
 */
#include "infra/oci/image_config.h"

#include <string.h>

#include <jansson.h>

#include "base/mem.h"
#include "base/text.h"

#define DIGEST_PREFIX "sha256:"
#define LIST_MAX      1024		  /* entries of Env, Entrypoint, Cmd */
#define TEXT_MAX      ((size_t)64 * 1024) /* bytes of one of them */

static void unref(json_t **j)
{
	json_decref(*j);
}
#define auto_json cleanup_with(unref)

const char *image_config_arch(void)
{
#if defined(__x86_64__)
	return "amd64";
#elif defined(__aarch64__)
	return "arm64";
#else
#error "unknown architecture"
#endif
}

bool image_digest_is_valid(const char *digest)
{
	const size_t hex_len = 64;
	const char *hex = digest + strlen(DIGEST_PREFIX);

	return text_starts_with(digest, DIGEST_PREFIX) &&
	       strlen(hex) == hex_len &&
	       strspn(hex, "0123456789abcdef") == hex_len;
}

static json_t *list_to_json(const struct strv *list)
{
	json_t *array = json_array();

	for (size_t i = 0; i < list->n; i++)
		json_array_append_new(array, json_string(list->v[i]));
	return array;
}

static json_t *to_json(const struct image *image)
{
	json_t *ids = json_array();

	for (size_t i = 0; i < image->layer_count; i++)
		json_array_append_new(ids,
				      json_string(image->layers[i].diff_id));
	return json_pack("{s:s, s:s, s:{s:o, s:o, s:o, s:s, s:s}, "
			 "s:{s:s, s:o}}",
			 "architecture", image_config_arch(), "os", "linux",
			 "config", "Env", list_to_json(&image->env),
			 "Entrypoint", list_to_json(&image->entrypoint), "Cmd",
			 list_to_json(&image->cmd), "WorkingDir",
			 image->working_dir ? image->working_dir : "", "User",
			 image->user ? image->user : "", "rootfs", "type",
			 "layers", "diff_ids", ids);
}

int image_config_write(const struct image *image, struct buf *out,
		       struct err *err)
{
	auto_json json_t *root = to_json(image);
	auto_free char *text = NULL;

	/* The strings come from a recipe, which YAML keeps to valid UTF-8. */
	if (!root)
		return err_set(err, ERR_INVALID,
			       "image configuration is not UTF-8");
	text = json_dumps(root, JSON_SORT_KEYS | JSON_INDENT(1));
	if (!text)
		abort(); /* out of memory, as in mem.h */
	return buf_addf(out, err, "%s\n", text);
}

static int read_text(const json_t *object, const char *key, char **out,
		     struct err *err)
{
	const json_t *value = json_object_get(object, key);

	if (!value || json_is_null(value))
		return 0;
	if (!json_is_string(value))
		return err_set(err, ERR_INVALID, "'%s' is not a string", key);
	if (json_string_length(value) > TEXT_MAX)
		return err_set(err, ERR_LIMIT, "'%s' exceeds %zu bytes", key,
			       TEXT_MAX);
	if (json_string_length(value))
		*out = xstrdup(json_string_value(value));
	return 0;
}

static int read_list(const json_t *object, const char *key, struct strv *out,
		     struct err *err)
{
	const json_t *array = json_object_get(object, key);

	if (!array || json_is_null(array))
		return 0;
	if (!json_is_array(array))
		return err_set(err, ERR_INVALID, "'%s' is not a list", key);
	if (json_array_size(array) > LIST_MAX)
		return err_set(err, ERR_LIMIT, "'%s' exceeds %d entries", key,
			       LIST_MAX);
	for (size_t i = 0; i < json_array_size(array); i++) {
		const json_t *item = json_array_get(array, i);

		if (!json_is_string(item) ||
		    json_string_length(item) > TEXT_MAX)
			return err_set(err, ERR_INVALID,
				       "'%s' holds what is not a text", key);
		strv_add(out, json_string_value(item));
	}
	return 0;
}

static int read_layers(const json_t *root, struct image *out, struct err *err)
{
	const json_t *ids =
		json_object_get(json_object_get(root, "rootfs"), "diff_ids");

	if (!json_is_array(ids) || !json_array_size(ids))
		return err_set(err, ERR_INVALID, "image has no layers");
	if (json_array_size(ids) > IMAGE_LAYERS_MAX)
		return err_set(err, ERR_LIMIT, "image exceeds %d layers",
			       IMAGE_LAYERS_MAX);
	for (size_t i = 0; i < json_array_size(ids); i++) {
		const char *id = json_string_value(json_array_get(ids, i));

		/* It becomes a file name: nothing but a digest will do. */
		if (!id || !image_digest_is_valid(id))
			return err_set(err, ERR_INVALID,
				       "'%.80s' is not a diff id",
				       id ? id : "");
		memcpy(out->layers[out->layer_count++].diff_id, id,
		       strlen(id) + 1);
	}
	return 0;
}

static int check_platform(const json_t *root, struct err *err)
{
	const char *os = json_string_value(json_object_get(root, "os"));
	const char *arch =
		json_string_value(json_object_get(root, "architecture"));

	if (!os || !arch)
		return err_set(err, ERR_INVALID, "image names no platform");
	if (strcmp(os, "linux") != 0 || strcmp(arch, image_config_arch()) != 0)
		return err_set(err, ERR_UNSUPPORTED,
			       "image is for %.32s/%.32s, this machine is "
			       "linux/%s",
			       os, arch, image_config_arch());
	return 0;
}

int image_config_parse(struct span json, struct image *out, struct err *err)
{
	json_error_t why;
	auto_json json_t *root = NULL;
	const json_t *config;

	if (json.len > IMAGE_CONFIG_SIZE_MAX)
		return err_set(err, ERR_LIMIT,
			       "image configuration exceeds %zu bytes",
			       IMAGE_CONFIG_SIZE_MAX);
	root = json_loadb(json.p, json.len, JSON_REJECT_DUPLICATES, &why);
	if (!root)
		return err_set(err, ERR_INVALID,
			       "image configuration: %s (line %d)", why.text,
			       why.line);
	config = json_object_get(root, "config");
	if (check_platform(root, err) < 0 ||
	    read_list(config, "Env", &out->env, err) < 0 ||
	    read_list(config, "Entrypoint", &out->entrypoint, err) < 0 ||
	    read_list(config, "Cmd", &out->cmd, err) < 0 ||
	    read_text(config, "WorkingDir", &out->working_dir, err) < 0 ||
	    read_text(config, "User", &out->user, err) < 0 ||
	    read_layers(root, out, err) < 0)
		return err_wrap(err, "image configuration");
	return 0;
}
