# cmake -D FOLDER=site -D OUT=site_files.c -P EmbedSite.cmake
# Writes a C file that holds every file of the folder. Hidden files stay out.

file(GLOB_RECURSE files RELATIVE ${FOLDER} ${FOLDER}/*)
list(FILTER files EXCLUDE REGEX "(^|/)\\.")
list(SORT files)
list(LENGTH files count)

set(arrays "")
set(rows "")
set(number 0)
foreach(file IN LISTS files)
    file(SIZE ${FOLDER}/${file} bytes)
    file(READ ${FOLDER}/${file} hex HEX)
    string(REGEX REPLACE "(................................)" "\\1\n" hex "${hex}")
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," hex "${hex}")
    # One byte more than the file has: C knows no empty array.
    string(APPEND arrays "static const unsigned char file_${number}[] = {\n${hex}0};\n\n")
    string(APPEND rows "    { \"${file}\", file_${number}, ${bytes} },\n")
    math(EXPR number "${number} + 1")
endforeach()

file(WRITE ${OUT} "/* Made from the folder site/ when the program was built. */
#include \"site_files.h\"

${arrays}const struct weft_embedded_file weft_site_files[] = {
${rows}    { NULL, NULL, 0 },
};

const size_t weft_site_file_count = ${count};
")
