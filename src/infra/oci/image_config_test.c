// SPDX-License-Identifier: Apache-2.0
/*
 * image_config_test.c - image configurations, ours and those of registries.
 */
#include "infra/oci/image_config.h"

#include <string.h>

#include "base/mem.h"
#include "support/check.h"

#define ID_A                                      \
	"sha256:0123456789abcdef0123456789abcdef" \
	"0123456789abcdef0123456789abcdef"
#define HEAD   "{\"os\":\"linux\",\"architecture\":\"ARCH\","
#define LAYERS "\"rootfs\":{\"diff_ids\":[\"" ID_A "\"]}"

static void test_what_is_written_is_read(void **state unused)
{
	auto_image struct image in = IMAGE_INIT;
	auto_image struct image out = IMAGE_INIT;
	auto_buf struct buf json = BUF_INIT(IMAGE_CONFIG_SIZE_MAX);
	struct err err = ERR_INIT;

	strv_add(&in.env, "A=\"quoted\"\n");
	strv_add(&in.cmd, "claude");
	in.user = xstrdup("sandbox");
	in.layer_count = 2;
	memcpy(in.layers[0].diff_id, ID_A, sizeof(ID_A));
	memcpy(in.layers[1].diff_id, ID_A, sizeof(ID_A));
	in.layers[1].diff_id[10] = 'f';
	CHECK_OK(image_config_write(&in, &json, &err), &err);
	CHECK_OK(image_config_parse(buf_span(&json), &out, &err), &err);
	assert_int_equal(out.env.n, 1);
	assert_string_equal(out.env.v[0], in.env.v[0]);
	assert_int_equal(out.entrypoint.n, 0);
	assert_string_equal(out.cmd.v[0], "claude");
	assert_string_equal(out.user, "sandbox");
	assert_null(out.working_dir);
	assert_int_equal(out.layer_count, 2);
	assert_string_equal(out.layers[1].diff_id, in.layers[1].diff_id);
}

/* clang-format off */
static const struct parse_case {
	const char *json;
	enum err_kind kind; /* ERR_NONE: accepted */
	const char *text;
} parse_cases[] = {
	{ HEAD LAYERS "}", ERR_NONE, "" },
	{ HEAD "\"config\":null," LAYERS "}", ERR_NONE, "" },
	{ HEAD "\"config\":{\"Env\":null,\"User\":\"\",\"Labels\":{}},"
	  LAYERS ",\"history\":[]}", ERR_NONE, "" },
	{ "", ERR_INVALID, "image configuration" },
	{ "[]", ERR_INVALID, "names no platform" },
	{ HEAD LAYERS, ERR_INVALID, "line 1" },
	{ HEAD "\"os\":\"linux\"," LAYERS "}", ERR_INVALID, "duplicate" },
	{ HEAD "\"config\":{\"Env\":\"A=1\"}," LAYERS "}", ERR_INVALID,
	  "'Env' is not a list" },
	{ HEAD "\"config\":{\"Cmd\":[1]}," LAYERS "}", ERR_INVALID,
	  "'Cmd' holds" },
	{ HEAD "\"config\":{\"User\":1000}," LAYERS "}", ERR_INVALID,
	  "'User' is not a string" },
	{ HEAD "\"rootfs\":{}}", ERR_INVALID, "no layers" },
	{ HEAD "\"rootfs\":{\"diff_ids\":[]}}", ERR_INVALID, "no layers" },
	{ HEAD "\"rootfs\":{\"diff_ids\":[\"sha256:../../x\"]}}", ERR_INVALID,
	  "not a diff id" },
	{ HEAD "\"rootfs\":{\"diff_ids\":[7]}}", ERR_INVALID,
	  "not a diff id" },
	{ "{\"os\":\"linux\",\"architecture\":\"s390x\"," LAYERS "}",
	  ERR_UNSUPPORTED, "image is for linux/s390x, this machine is" },
	{ "{\"os\":\"windows\",\"architecture\":\"amd64\"," LAYERS "}",
	  ERR_UNSUPPORTED, "windows/amd64" },
};

static const struct digest_case {
	const char *digest;
	bool valid;
} digest_cases[] = {
	{ ID_A, true },
	{ ID_A "0", false },
	{ "", false },
	{ "sha256:", false },
	{ "sha256:0123456789ABCDEF0123456789abcdef"
	  "0123456789abcdef0123456789abcdef", false },
	{ "sha256:../../../../../../../../../../../"
	  "../../../../../../etc/passwd...", false },
	{ "sha512:0123456789abcdef0123456789abcdef"
	  "0123456789abcdef0123456789abcdef", false },
};
/* clang-format on */

/* @json with the machine's architecture for "ARCH"; the caller frees. */
static char *for_this_machine(const char *json)
{
	const char *mark = strstr(json, "ARCH");

	if (!mark)
		return xstrdup(json);
	return xasprintf("%.*s%s%s", (int)(mark - json), json,
			 image_config_arch(), mark + strlen("ARCH"));
}

static void test_configurations_are_checked(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(parse_cases); i++) {
		const struct parse_case *c = &parse_cases[i];
		auto_free char *json = for_this_machine(c->json);
		auto_image struct image out = IMAGE_INIT;
		struct err err = ERR_INIT;
		int r = image_config_parse(SPAN_STR(json), &out, &err);

		CHECK((r == 0) == (c->kind == ERR_NONE), "%s: %s", json,
		      err.msg);
		CHECK(err.kind == c->kind && strstr(err.msg, c->text),
		      "%s: got %s '%s'", json, err_kind_name(err.kind),
		      err.msg);
	}
}

static void test_layers_are_limited(void **state unused)
{
	auto_buf struct buf json = BUF_INIT(IMAGE_CONFIG_SIZE_MAX);
	auto_image struct image out = IMAGE_INIT;
	struct err err = ERR_INIT;

	CHECK_OK(buf_addf(&json, &err,
			  "{\"os\":\"linux\",\"architecture\":\"%s\","
			  "\"rootfs\":{\"diff_ids\":[\"" ID_A "\"",
			  image_config_arch()),
		 &err);
	for (int i = 0; i < IMAGE_LAYERS_MAX; i++)
		CHECK_OK(buf_adds(&json, ",\"" ID_A "\"", &err), &err);
	CHECK_OK(buf_adds(&json, "]}}", &err), &err);
	CHECK_FAILS(image_config_parse(buf_span(&json), &out, &err), &err,
		    ERR_LIMIT, "exceeds 32 layers");
}

static void test_digests_are_told_from_paths(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(digest_cases); i++)
		CHECK(image_digest_is_valid(digest_cases[i].digest) ==
			      digest_cases[i].valid,
		      "'%s'", digest_cases[i].digest);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_written_is_read),
		cmocka_unit_test(test_configurations_are_checked),
		cmocka_unit_test(test_layers_are_limited),
		cmocka_unit_test(test_digests_are_told_from_paths),
	};

	return RUN_TESTS(tests);
}
