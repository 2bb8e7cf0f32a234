/* What the vector kernels of UTF-8 look up (Keiser and Lemire, "Validating UTF-8 in less than one
 * instruction per byte", 2021): three nibbles of two neighbouring bytes each name the errors that
 * are possible with them; an error that all three name is one. */
#ifndef WF_CODEC_UTF8_TABLES_H
#define WF_CODEC_UTF8_TABLES_H

/* Of each line: the first byte, the second byte. */
#define WF_UTF8_TOO_SHORT      0x01 /* 11______ 0_______, 11______ 11______ */
#define WF_UTF8_TOO_LONG       0x02 /* 0_______ 10______ */
#define WF_UTF8_OVERLONG_3     0x04 /* 11100000 100_____ */
#define WF_UTF8_TOO_LARGE      0x08 /* 11110100 1001____ or 101_____, and all above 11110100 */
#define WF_UTF8_SURROGATE      0x10 /* 11101101 101_____ */
#define WF_UTF8_OVERLONG_2     0x20 /* 1100000_ 10______ */
#define WF_UTF8_OVERLONG_4     0x40 /* 11110000 1000____ */
#define WF_UTF8_TOO_LARGE_1000 0x40 /* above 11110100; shares its bit with OVERLONG_4 */
#define WF_UTF8_TWO_CONTS      0x80 /* 10______ 10______: right only as third or fourth byte */
#define WF_UTF8_CARRY          (WF_UTF8_TOO_SHORT | WF_UTF8_TOO_LONG | WF_UTF8_TWO_CONTS)
#define WF_UTF8_LARGE          (WF_UTF8_CARRY | WF_UTF8_TOO_LARGE | WF_UTF8_TOO_LARGE_1000)
#define WF_UTF8_SECOND         (WF_UTF8_TOO_LONG | WF_UTF8_OVERLONG_2 | WF_UTF8_TWO_CONTS)

/* By the high nibble of the first byte. */
#define WF_UTF8_FIRST_HIGH                                                                         \
    WF_UTF8_TOO_LONG, WF_UTF8_TOO_LONG, WF_UTF8_TOO_LONG, WF_UTF8_TOO_LONG, WF_UTF8_TOO_LONG,      \
        WF_UTF8_TOO_LONG, WF_UTF8_TOO_LONG, WF_UTF8_TOO_LONG, WF_UTF8_TWO_CONTS,                   \
        WF_UTF8_TWO_CONTS, WF_UTF8_TWO_CONTS, WF_UTF8_TWO_CONTS,                                   \
        WF_UTF8_TOO_SHORT | WF_UTF8_OVERLONG_2, WF_UTF8_TOO_SHORT,                                 \
        WF_UTF8_TOO_SHORT | WF_UTF8_OVERLONG_3 | WF_UTF8_SURROGATE,                                \
        WF_UTF8_TOO_SHORT | WF_UTF8_TOO_LARGE | WF_UTF8_TOO_LARGE_1000 | WF_UTF8_OVERLONG_4

/* By the low nibble of the first byte. */
#define WF_UTF8_FIRST_LOW                                                                          \
    WF_UTF8_CARRY | WF_UTF8_OVERLONG_3 | WF_UTF8_OVERLONG_2 | WF_UTF8_OVERLONG_4,                  \
        WF_UTF8_CARRY | WF_UTF8_OVERLONG_2, WF_UTF8_CARRY, WF_UTF8_CARRY,                          \
        WF_UTF8_CARRY | WF_UTF8_TOO_LARGE, WF_UTF8_LARGE, WF_UTF8_LARGE, WF_UTF8_LARGE,            \
        WF_UTF8_LARGE, WF_UTF8_LARGE, WF_UTF8_LARGE, WF_UTF8_LARGE, WF_UTF8_LARGE,                 \
        WF_UTF8_LARGE | WF_UTF8_SURROGATE, WF_UTF8_LARGE, WF_UTF8_LARGE

/* By the high nibble of the second byte. */
#define WF_UTF8_SECOND_HIGH                                                                        \
    WF_UTF8_TOO_SHORT, WF_UTF8_TOO_SHORT, WF_UTF8_TOO_SHORT, WF_UTF8_TOO_SHORT, WF_UTF8_TOO_SHORT, \
        WF_UTF8_TOO_SHORT, WF_UTF8_TOO_SHORT, WF_UTF8_TOO_SHORT,                                   \
        WF_UTF8_SECOND | WF_UTF8_OVERLONG_3 | WF_UTF8_TOO_LARGE_1000 | WF_UTF8_OVERLONG_4,         \
        WF_UTF8_SECOND | WF_UTF8_OVERLONG_3 | WF_UTF8_TOO_LARGE,                                   \
        WF_UTF8_SECOND | WF_UTF8_SURROGATE | WF_UTF8_TOO_LARGE,                                    \
        WF_UTF8_SECOND | WF_UTF8_SURROGATE | WF_UTF8_TOO_LARGE, WF_UTF8_TOO_SHORT,                 \
        WF_UTF8_TOO_SHORT, WF_UTF8_TOO_SHORT, WF_UTF8_TOO_SHORT

#endif
