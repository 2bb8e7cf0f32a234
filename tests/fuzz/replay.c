/* Without libFuzzer: feeds each named file, and each file of each named folder, to the fuzz target.
 */
#include <dirent.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void fail(const char *path)
{
    perror(path);
    exit(1);
}

static void replay_file(const char *path, size_t bytes)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        fail(path);
    /* Exactly as large as the file: the sanitizer sees what is read behind it. */
    uint8_t *data = malloc(bytes ? bytes : 1);
    if (!data || fread(data, 1, bytes, file) != bytes)
        fail(path);
    fclose(file);
    LLVMFuzzerTestOneInput(data, bytes);
    free(data);
}

static size_t replay(const char *path);

static size_t replay_folder(const char *path)
{
    DIR *folder = opendir(path);
    if (!folder)
        fail(path);
    size_t count = 0;
    for (struct dirent *entry; (entry = readdir(folder));) {
        if (entry->d_name[0] == '.')
            continue;
        char below[PATH_MAX];
        if (snprintf(below, sizeof below, "%s/%s", path, entry->d_name) >= (int)sizeof below)
            fail(path);
        count += replay(below);
    }
    closedir(folder);
    return count;
}

static size_t replay(const char *path)
{
    struct stat about;
    if (stat(path, &about))
        fail(path);
    if (S_ISDIR(about.st_mode))
        return replay_folder(path);
    replay_file(path, (size_t)about.st_size);
    return 1;
}

int main(int argc, char **argv)
{
    size_t count = 0;
    for (int i = 1; i < argc; i++)
        count += replay(argv[i]);
    replay_file("/dev/null", 0); /* No input at all is an input. */
    printf("replayed %zu files\n", count);
    return 0;
}
