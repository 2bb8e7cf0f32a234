#include "codec/http_date.h"

#include <string.h>

static const char day_names[7][10] = { "Sunday",   "Monday", "Tuesday", "Wednesday",
                                       "Thursday", "Friday", "Saturday" };
static const char month_names[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };

static const int64_t seconds_min = -62135596800; /* 0001-01-01 00:00:00 */
static const int64_t seconds_max = 253402300799; /* 9999-12-31 23:59:59 */

struct date {
    int year, month, day; /* Month and day from 1. */
    int hour, minute, second;
};

/* Days from 1970-01-01 in the Gregorian calendar; years begin in March, so that the leap day is
 * last. */
static int64_t days_of(int year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

static void date_of_days(int64_t days, struct date *date)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t day_of_era = days - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month = (5 * day_of_year + 2) / 153;
    date->day = (int)(day_of_year - (153 * month + 2) / 5 + 1);
    date->month = (int)(month < 10 ? month + 3 : month - 9);
    date->year = (int)(year_of_era + era * 400) + (date->month <= 2);
}

static void put_digits(char *out, int value, int digits)
{
    while (digits-- > 0) {
        out[digits] = (char)('0' + value % 10);
        value /= 10;
    }
}

void wf_http_date_format(int64_t unix_seconds, char out[WF_HTTP_DATE_BYTES])
{
    if (unix_seconds < seconds_min)
        unix_seconds = seconds_min;
    if (unix_seconds > seconds_max)
        unix_seconds = seconds_max;
    int64_t days = unix_seconds / 86400, rest = unix_seconds % 86400;
    if (rest < 0) {
        rest += 86400;
        days--;
    }
    struct date date;
    date_of_days(days, &date);

    memcpy(out, "Sun, 00 Jan 0000 00:00:00 GMT", WF_HTTP_DATE_BYTES);
    memcpy(out, day_names[((days + 4) % 7 + 7) % 7], 3); /* 1970-01-01 was a Thursday. */
    put_digits(out + 5, date.day, 2);
    memcpy(out + 8, month_names[date.month - 1], 3);
    put_digits(out + 12, date.year, 4);
    put_digits(out + 17, (int)(rest / 3600), 2);
    put_digits(out + 20, (int)(rest / 60 % 60), 2);
    put_digits(out + 23, (int)(rest % 60), 2);
}

/* Reads by a pattern: 'd' a digit of the day, 'D' the same or a space, 'b' a letter of the month,
 * 'y' 'h' 'm' 's' digits, everything else stands for itself. */
static bool read_pattern(struct weft_text text, const char *pattern, struct date *date)
{
    if (text.count != strlen(pattern))
        return false;
    char month[4] = "";
    size_t letters = 0;
    for (size_t i = 0; i < text.count; i++) {
        char c = text.data[i];
        int *field = NULL;
        switch (pattern[i]) {
        case 'D':
            if (c == ' ')
                continue;
            __attribute__((fallthrough));
        case 'd':
            field = &date->day;
            break;
        case 'y':
            field = &date->year;
            break;
        case 'h':
            field = &date->hour;
            break;
        case 'm':
            field = &date->minute;
            break;
        case 's':
            field = &date->second;
            break;
        case 'b':
            month[letters++] = c;
            continue;
        default:
            if (c != pattern[i])
                return false;
            continue;
        }
        if (c < '0' || c > '9')
            return false;
        *field = *field * 10 + (c - '0');
    }
    for (int i = 0; i < 12; i++)
        if (memcmp(month, month_names[i], 4) == 0)
            date->month = i + 1;
    return date->month != 0;
}

/* The text behind the name of a day, which is not compared with the date. */
static bool skip_day_name(struct weft_text *text, bool is_long)
{
    for (int i = 0; i < 7; i++) {
        size_t count = is_long ? strlen(day_names[i]) : 3;
        if (text->count > count && memcmp(text->data, day_names[i], count) == 0) {
            text->data += count;
            text->count -= count;
            return true;
        }
    }
    return false;
}

static int year_of_seconds(int64_t unix_seconds)
{
    struct date date;
    date_of_days(unix_seconds / 86400, &date);
    return date.year;
}

static bool read_any_form(struct weft_text text, int64_t now, struct date *date)
{
    struct weft_text rest = text;
    if (skip_day_name(&rest, true) && rest.data[0] == ',') {
        if (!read_pattern(rest, ", dd-bbb-yy hh:mm:ss GMT", date))
            return false;
        /* RFC 9110 5.6.7: over 50 years in the future is in the past. */
        int this_year = year_of_seconds(now);
        date->year += this_year / 100 * 100;
        if (date->year > this_year + 50)
            date->year -= 100;
        return true;
    }
    rest = text;
    if (!skip_day_name(&rest, false))
        return false;
    return rest.data[0] == ',' ? read_pattern(rest, ", dd bbb yyyy hh:mm:ss GMT", date)
                               : read_pattern(rest, " bbb Dd hh:mm:ss yyyy", date);
}

static bool is_date(const struct date *date)
{
    static const int month_days[12] = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool is_leap = date->year % 4 == 0 && (date->year % 100 != 0 || date->year % 400 == 0);
    if (date->year < 1 || date->day < 1 || date->day > month_days[date->month - 1])
        return false;
    if (date->month == 2 && date->day == 29 && !is_leap)
        return false;
    return date->hour <= 23 && date->minute <= 59 && date->second <= 60; /* 60: a leap second. */
}

bool wf_http_date_parse(struct weft_text text, int64_t now, int64_t *unix_seconds_out)
{
    struct date date = { 0 };
    if (!read_any_form(text, now, &date) || !is_date(&date))
        return false;
    int64_t days = days_of(date.year, date.month, date.day);
    *unix_seconds_out = days * 86400 + date.hour * 3600 + date.minute * 60 + date.second;
    return true;
}
