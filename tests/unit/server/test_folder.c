#include "server/folder.h"

#include "support/cases.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct name_case {
    const char *name;
    struct weft_text segment;
    bool is_name;
} name_cases[] = {
    { "file", TEXT("a.txt"), true },
    { "dots inside", TEXT("a..b"), true },
    { "space", TEXT("a b"), true },
    { "well-known", TEXT(".well-known"), true },
    { "empty", TEXT(""), false },
    { "dot", TEXT("."), false },
    { "dots", TEXT(".."), false },
    { "three dots", TEXT("..."), false },
    { "hidden", TEXT(".git"), false },
    { "slash", TEXT("a/b"), false },
    { "slash and dots", TEXT("../a"), false },
    { "backslash", TEXT("..\\a"), false },
    { "backslash inside", TEXT("a\\b"), false },
    { "NUL", TEXT("a\0b"), false },
    { "NUL at the end", TEXT("a\0"), false },
};

static void only_names_are_names(void **state)
{
    (void)state;
    for_each_case(c, name_cases) assert_int_equal(wf_folder_is_name(c->segment), c->is_name);
}

static void names_have_a_limit(void **state)
{
    (void)state;
    char name[256];
    memset(name, 'a', sizeof name);
    assert_true(wf_folder_is_name((struct weft_text){ name, 255 }));
    assert_false(wf_folder_is_name((struct weft_text){ name, 256 }));
}

/* ---- a folder on disk ---- */

struct tree {
    char root[64];
    char folder[96];
};

static void make_file(const struct tree *tree, const char *path, const char *content)
{
    char full[256];
    snprintf(full, sizeof full, "%s/%s", tree->root, path);
    FILE *file = fopen(full, "w");
    assert_non_null(file);
    assert_true(fputs(content, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void in_tree(const struct tree *tree, const char *path, char *out)
{
    snprintf(out, 256, "%s/%s", tree->root, path);
}

static const char *const folders[] = { "public", "public/sub", "public/locked" };
static const char *const plain_files[] = { "secret", "public/index.html", "public/sub/a b",
                                           "public/.hidden" };
static const char *const links[][2] = {
    { "../secret", "public/out" }, { "index.html", "public/in" }, { "..", "public/up" },
    { "sub", "public/down" },      { "/", "public/root" },
};

static int set_up(void **state)
{
    static struct tree tree;
    char path[256];
    snprintf(tree.root, sizeof tree.root, "/tmp/weft-folder-XXXXXX");
    assert_non_null(mkdtemp(tree.root));
    snprintf(tree.folder, sizeof tree.folder, "%s/public", tree.root);
    for (size_t i = 0; i < COUNT_OF(folders); i++) {
        in_tree(&tree, folders[i], path);
        assert_int_equal(mkdir(path, 0700), 0);
    }
    for (size_t i = 0; i < COUNT_OF(plain_files); i++)
        make_file(&tree, plain_files[i], plain_files[i]);
    for (size_t i = 0; i < COUNT_OF(links); i++) {
        in_tree(&tree, links[i][1], path);
        assert_int_equal(symlink(links[i][0], path), 0);
    }
    in_tree(&tree, "public/pipe", path);
    assert_int_equal(mkfifo(path, 0600), 0);
    *state = &tree;
    return 0;
}

static int tear_down(void **state)
{
    const struct tree *tree = *state;
    char path[256];
    in_tree(tree, "public/pipe", path);
    unlink(path);
    for (size_t i = 0; i < COUNT_OF(links); i++) {
        in_tree(tree, links[i][1], path);
        unlink(path);
    }
    for (size_t i = 0; i < COUNT_OF(plain_files); i++) {
        in_tree(tree, plain_files[i], path);
        unlink(path);
    }
    for (size_t i = COUNT_OF(folders); i > 0; i--) {
        in_tree(tree, folders[i - 1], path);
        rmdir(path);
    }
    return rmdir(tree->root);
}

static const struct open_case {
    const char *name;
    struct weft_text segments[4]; /* Up to the first without data. */
    enum wf_folder_result result;
    const char *content;
} open_cases[] = {
    { "file", { TEXT("index.html") }, WF_FOLDER_FILE, "public/index.html" },
    { "file below", { TEXT("sub"), TEXT("a b") }, WF_FOLDER_FILE, "public/sub/a b" },
    { "index", { TEXT("") }, WF_FOLDER_FILE, "public/index.html" },
    { "folder", { TEXT("sub") }, WF_FOLDER_FOLDER, NULL },
    { "no index", { TEXT("sub"), TEXT("") }, WF_FOLDER_MISSING, NULL },
    { "missing", { TEXT("none") }, WF_FOLDER_MISSING, NULL },
    { "file as a folder", { TEXT("index.html"), TEXT("x") }, WF_FOLDER_MISSING, NULL },
    { "file with a slash", { TEXT("index.html"), TEXT("") }, WF_FOLDER_MISSING, NULL },
    { "hidden", { TEXT(".hidden") }, WF_FOLDER_MISSING, NULL },
    { "up", { TEXT(".."), TEXT("secret") }, WF_FOLDER_MISSING, NULL },
    { "down and up", { TEXT("sub"), TEXT(".."), TEXT("index.html") }, WF_FOLDER_MISSING, NULL },
    { "up in one", { TEXT("../secret") }, WF_FOLDER_MISSING, NULL },
    { "absolute", { TEXT("/etc/hostname") }, WF_FOLDER_MISSING, NULL },
    { "empty inside", { TEXT(""), TEXT("index.html") }, WF_FOLDER_MISSING, NULL },
    { "link out", { TEXT("out") }, WF_FOLDER_MISSING, NULL },
    { "link inside", { TEXT("in") }, WF_FOLDER_MISSING, NULL },
    { "link up", { TEXT("up"), TEXT("secret") }, WF_FOLDER_MISSING, NULL },
    { "link to a folder", { TEXT("down"), TEXT("a b") }, WF_FOLDER_MISSING, NULL },
    { "link to the root",
      { TEXT("root"), TEXT("etc"), TEXT("hostname") },
      WF_FOLDER_MISSING,
      NULL },
    { "pipe", { TEXT("pipe") }, WF_FOLDER_MISSING, NULL },
};

static void there_is_no_way_out(void **state)
{
    const struct tree *tree = *state;
    for_each_case(c, open_cases)
    {
        size_t count = 0;
        int fd = -1;
        struct stat about;
        while (count < 4 && c->segments[count].data)
            count++;
        assert_int_equal(
            wf_folder_open(tree->folder, c->segments, count, "index.html", &fd, &about), c->result);
        if (c->result != WF_FOLDER_FILE) {
            assert_int_equal(fd, -1);
            continue;
        }
        char content[64] = "";
        assert_int_equal(read(fd, content, sizeof content - 1), about.st_size);
        assert_string_equal(content, c->content);
        close(fd);
    }
}

static void descriptors_are_given_back(void **state)
{
    const struct tree *tree = *state;
    int before = dup(0);
    assert_true(before >= 0);
    close(before);
    for (size_t i = 0; i < COUNT_OF(open_cases); i++) {
        size_t count = 0;
        int fd = -1;
        struct stat about;
        while (count < 4 && open_cases[i].segments[count].data)
            count++;
        if (wf_folder_open(tree->folder, open_cases[i].segments, count, "index.html", &fd,
                           &about) == WF_FOLDER_FILE)
            close(fd);
    }
    int after = dup(0);
    assert_int_equal(after, before);
    close(after);
}

static void a_folder_is_resolved(void **state)
{
    const struct tree *tree = *state;
    char *path, file[256];
    assert_int_equal(wf_folder_resolve(NULL, tree->folder, &path), WEFT_OK);
    assert_string_equal(path, tree->folder);
    wf_free(NULL, path);

    char here[256];
    assert_non_null(getcwd(here, sizeof here));
    assert_int_equal(wf_folder_resolve(NULL, ".", &path), WEFT_OK);
    assert_memory_equal(path, here, strlen(here));
    wf_free(NULL, path);

    in_tree(tree, "none", file);
    assert_int_equal(wf_folder_resolve(NULL, file, &path), WEFT_ERR_SYSTEM);
    assert_int_equal(errno, ENOENT);
    in_tree(tree, "secret", file);
    assert_int_equal(wf_folder_resolve(NULL, file, &path), WEFT_ERR_SYSTEM);
    assert_int_equal(errno, ENOTDIR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_names_are_names),
        cmocka_unit_test(names_have_a_limit),
        cmocka_unit_test_setup_teardown(there_is_no_way_out, set_up, tear_down),
        cmocka_unit_test_setup_teardown(descriptors_are_given_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_folder_is_resolved, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
