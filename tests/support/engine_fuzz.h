/* The fuzz targets of the engine, both sides. */
#ifndef SUPPORT_ENGINE_FUZZ_H
#define SUPPORT_ENGINE_FUZZ_H

#include "weft/engine.h"

/* The first byte chooses the case (see the source), the second where the rest is cut. An input that
 * begins with 'x' is text: the hexadecimal digits behind it are the input, so that seeds can be
 * read. Aborts when the engine says something else in pieces than it does of the whole, or breaks a
 * promise. */
void engine_fuzz_run(enum weft_side side, const uint8_t *data, size_t bytes);

#endif
