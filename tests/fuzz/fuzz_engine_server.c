/* What a hostile peer can send to a server. */
#include "support/engine_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    engine_fuzz_run(WEFT_SERVER, data, bytes);
    return 0;
}
