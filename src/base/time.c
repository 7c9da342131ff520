/* Time texts. Own calendar arithmetic: timegm and strptime read the locale and the environment, and AWS's forms are few. */
#include "base/time.h"

#include "base/str.h"
#include "base/sys.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NS 1000000000

/* Days since 1970-01-01 of a proleptic Gregorian date. Years count from March, so that the leap day is last. */
static int64_t days_from_civil(int64_t y, int m, int d)
{
    int64_t era, year_of_era, day_of_year;

    y -= m <= 2;
    era = (y >= 0 ? y : y - 399) / 400;
    year_of_era = y - era * 400;
    day_of_year = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

static void civil_from_days(int64_t days, int64_t *year, int *month, int *day)
{
    int64_t z = days + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t day_of_era = z - era * 146097;
    int64_t yoe = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t doy = day_of_era - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;

    *day = (int)(doy - (153 * mp + 2) / 5 + 1);
    *month = (int)(mp + (mp < 10 ? 3 : -9));
    *year = yoe + era * 400 + (*month <= 2);
}

struct scan {
    const char *p, *end;
};

static bool digits(struct scan *s, int count, int *out)
{
    int value = 0;

    if (s->end - s->p < count)
        return false;
    for (int i = 0; i < count; i++) {
        if (s->p[i] < '0' || s->p[i] > '9')
            return false;
        value = value * 10 + (s->p[i] - '0');
    }
    s->p += count;
    *out = value;
    return true;
}

static bool one_of(struct scan *s, const char *set)
{
    if (s->p == s->end)
        return false;
    for (; *set; set++) {
        if (*s->p == *set) {
            s->p++;
            return true;
        }
    }
    return false;
}

struct moment {
    int year, month, day, hour, minute, second;
    int64_t ns;
    int offset_minutes;
};

static bool fraction(struct scan *s, int64_t *ns)
{
    int64_t unit = NS / 10;

    if (s->p == s->end || *s->p < '0' || *s->p > '9')
        return false;
    for (; s->p < s->end && *s->p >= '0' && *s->p <= '9'; s->p++, unit /= 10)
        *ns += (*s->p - '0') * unit;
    return true;
}

static bool zone(struct scan *s, int *offset_minutes)
{
    int sign, hours, minutes = 0;

    if (one_of(s, "Zz"))
        return true;
    if (s->end - s->p >= 3 && (strncasecmp(s->p, "GMT", 3) == 0 || strncasecmp(s->p, "UTC", 3) == 0)) {
        s->p += 3;
        return true;
    }
    if (s->p == s->end || (*s->p != '+' && *s->p != '-'))
        return false;
    sign = *s->p++ == '-' ? -1 : 1;
    if (!digits(s, 2, &hours))
        return false;
    one_of(s, ":");
    if (s->p < s->end && !digits(s, 2, &minutes))
        return false;
    *offset_minutes = sign * (hours * 60 + minutes);
    return true;
}

/* 2024-01-02[T03:04[:05[.678]][Z]], also the basic form 20240102T030405Z. */
static bool scan_iso(struct scan *s, struct moment *m)
{
    if (!digits(s, 4, &m->year))
        return false;
    one_of(s, "-");
    if (!digits(s, 2, &m->month))
        return false;
    one_of(s, "-");
    if (!digits(s, 2, &m->day))
        return false;
    if (s->p == s->end)
        return true;
    if (!one_of(s, "Tt ") || !digits(s, 2, &m->hour))
        return false;
    one_of(s, ":");
    if (!digits(s, 2, &m->minute))
        return false;
    if (s->p < s->end && (*s->p == ':' || (*s->p >= '0' && *s->p <= '9'))) {
        one_of(s, ":");
        if (!digits(s, 2, &m->second))
            return false;
        if (one_of(s, ".,") && !fraction(s, &m->ns))
            return false;
    }
    one_of(s, " ");
    /* AWS always means UTC where it leaves the zone out. */
    return s->p == s->end || (zone(s, &m->offset_minutes) && s->p == s->end);
}

static const char month_names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
static const char day_names[] = "ThuFriSatSunMonTueWed"; /* from 1970-01-01 */

static bool month_name(struct scan *s, int *month)
{
    if (s->end - s->p < 3)
        return false;
    for (int i = 0; i < 12; i++) {
        if (strncasecmp(s->p, month_names + 3 * i, 3) == 0) {
            s->p += 3;
            *month = i + 1;
            return true;
        }
    }
    return false;
}

static bool clock_part(struct scan *s, struct moment *m)
{
    if (!digits(s, 2, &m->hour) || !one_of(s, ":") || !digits(s, 2, &m->minute) || !one_of(s, ":") ||
        !digits(s, 2, &m->second))
        return false;
    return !one_of(s, ".") || fraction(s, &m->ns);
}

/* RFC 1123 and 850 (with a comma), asctime (without). */
static bool scan_http_date(struct scan *s, struct moment *m)
{
    const char *comma = memchr(s->p, ',', (size_t)(s->end - s->p));

    if (comma) {
        s->p = comma + 1;
        while (one_of(s, " "))
            continue;
        if (!digits(s, 2, &m->day)) {
            if (!digits(s, 1, &m->day))
                return false;
        }
        if (!one_of(s, " -") || !month_name(s, &m->month) || !one_of(s, " -"))
            return false;
        if (!digits(s, 4, &m->year)) {
            if (!digits(s, 2, &m->year))
                return false;
            m->year += m->year < 70 ? 2000 : 1900;
        }
        if (!one_of(s, " ") || !clock_part(s, m))
            return false;
        one_of(s, " ");
        return s->p == s->end || (zone(s, &m->offset_minutes) && s->p == s->end);
    }
    if (s->end - s->p < 20)
        return false;
    s->p += 4; /* "Tue " */
    if (!month_name(s, &m->month) || !one_of(s, " "))
        return false;
    if (one_of(s, " ") ? !digits(s, 1, &m->day) : !digits(s, 2, &m->day))
        return false;
    return one_of(s, " ") && clock_part(s, m) && one_of(s, " ") && digits(s, 4, &m->year) && s->p == s->end;
}

/* 11/27/2026[, 03:04:05], and the day first where it can be no month. */
static bool scan_slashed(struct scan *s, struct moment *m)
{
    if ((!digits(s, 2, &m->month) && !digits(s, 1, &m->month)) || !one_of(s, "/") ||
        (!digits(s, 2, &m->day) && !digits(s, 1, &m->day)) || !one_of(s, "/") || !digits(s, 4, &m->year))
        return false;
    if (m->month > 12) {
        int day = m->month;
        m->month = m->day;
        m->day = day;
    }
    if (s->p == s->end)
        return true;
    one_of(s, ",");
    if (!one_of(s, " T") || !clock_part(s, m))
        return false;
    one_of(s, " ");
    return s->p == s->end || (zone(s, &m->offset_minutes) && s->p == s->end);
}

static bool scan_epoch(const char *text, size_t len, int64_t *ns)
{
    char copy[64];
    char *end;
    long long whole = 0;
    double value;
    size_t i = 0;

    if (len == 0 || len >= sizeof(copy))
        return false;
    memcpy(copy, text, len);
    copy[len] = '\0';
    if (copy[0] == '-' || copy[0] == '+')
        i = 1;
    for (; copy[i] >= '0' && copy[i] <= '9'; i++)
        if (__builtin_mul_overflow(whole, 10LL, &whole) ||
            __builtin_add_overflow(whole, (long long)(copy[i] - '0'), &whole))
            return false;
    if (i == (size_t)(copy[0] == '-' || copy[0] == '+') && copy[i] != '.')
        return false;
    if (copy[i] == '\0' || (copy[i] == '.' && strspn(copy + i + 1, "0123456789") == len - i - 1)) {
        /* Exact: a double has 53 bits, an epoch in nanoseconds needs 61. */
        struct scan s = {copy + i + 1, copy + len};
        int64_t part = 0, total;
        if (copy[i] == '.' && s.p < s.end)
            fraction(&s, &part);
        if (__builtin_mul_overflow(whole, (long long)NS, &total) || __builtin_add_overflow(total, part, &total))
            *ns = copy[0] == '-' ? INT64_MIN : INT64_MAX;
        else
            *ns = copy[0] == '-' ? -total : total;
        return true;
    }
    for (size_t k = 0; k < len; k++)
        if (!strchr("0123456789+-.eE", copy[k]))
            return false;
    value = strtod(copy, &end);
    if (*end != '\0' || !isfinite(value))
        return false;
    value *= 1e9;
    *ns = value >= 0x1p63 ? INT64_MAX : value <= -0x1p63 ? INT64_MIN : (int64_t)llround(value);
    return true;
}

static bool in_range(const struct moment *m)
{
    return m->month >= 1 && m->month <= 12 && m->day >= 1 && m->day <= 31 && m->hour <= 24 && m->minute <= 59 &&
           m->second <= 60;
}

static int64_t instant(const struct moment *m)
{
    int64_t seconds = days_from_civil(m->year, m->month, m->day) * 86400 + m->hour * 3600 + m->minute * 60 + m->second -
                      m->offset_minutes * 60;

    /* A second that begins before the range may end within it. */
    int64_t whole = seconds < 0 ? seconds + 1 : seconds, part = seconds < 0 ? m->ns - NS : m->ns;
    int64_t total;

    if (__builtin_mul_overflow(whole, (int64_t)NS, &total) || __builtin_add_overflow(total, part, &total))
        return seconds < 0 ? INT64_MIN : INT64_MAX;
    return total;
}

mw_status mw_time_parse(const char *s, size_t len, int64_t *ns, mw_error *err)
{
    struct moment m = {.month = 1, .day = 1};
    struct scan scan = {s, s + len};

    while (scan.p < scan.end && (*scan.p == ' ' || *scan.p == '\n' || *scan.p == '\t'))
        scan.p++;
    while (scan.p < scan.end && (scan.end[-1] == ' ' || scan.end[-1] == '\n' || scan.end[-1] == '\t'))
        scan.end--;
    len = (size_t)(scan.end - scan.p);
    s = scan.p;
    if (len >= 8 && len < 64 && (s[4] == '-' || (len > 8 && s[8] == 'T')) && scan_iso(&scan, &m) && in_range(&m))
        goto found;
    if (scan_epoch(s, len, ns))
        return MW_OK;
    m = (struct moment){.month = 1, .day = 1};
    scan.p = s;
    if (len < 64 && scan_http_date(&scan, &m) && in_range(&m))
        goto found;
    return mw_fail(err, MW_ERR_PARSE, "'%.*s' is not a time (ISO 8601, RFC 822 or epoch seconds)",
                   (int)(len < 64 ? len : 64), s);
found:
    *ns = instant(&m);
    return MW_OK;
}

mw_status mw_time_parse_answer(const char *s, size_t len, int64_t *ns, mw_error *err)
{
    struct moment m = {0};
    struct scan scan = {s, s + len};
    mw_status st = mw_time_parse(s, len, ns, err);

    if (st == MW_OK || len >= 64 || !scan_slashed(&scan, &m) || !in_range(&m))
        return st;
    *ns = instant(&m);
    return MW_OK;
}

struct broken_down {
    int64_t year, days;
    int month, day, hour, minute, second;
    int64_t ns;
};

static struct broken_down break_down(int64_t ns)
{
    struct broken_down b;
    int64_t seconds = ns / NS, rest = ns % NS, of_day;

    if (rest < 0) {
        rest += NS;
        seconds--;
    }
    b.days = seconds / 86400;
    of_day = seconds % 86400;
    if (of_day < 0) {
        of_day += 86400;
        b.days--;
    }
    civil_from_days(b.days, &b.year, &b.month, &b.day);
    b.hour = (int)(of_day / 3600);
    b.minute = (int)(of_day / 60 % 60);
    b.second = (int)(of_day % 60);
    b.ns = rest;
    return b;
}

/* @p width digits of @p value, without printf(): answers are full of instants. */
static char *put_digits(char *to, int64_t value, int width)
{
    for (int i = width; i-- > 0; value /= 10)
        to[i] = (char)('0' + value % 10);
    return to + width;
}

void mw_time_iso(char out[MW_TIME_SIZE], int64_t ns)
{
    struct broken_down b = break_down(ns);
    char *to = put_digits(out, b.year, 4); /* 64 bits of nanoseconds end in 2262 */

    *to++ = '-';
    to = put_digits(to, b.month, 2);
    *to++ = '-';
    to = put_digits(to, b.day, 2);
    *to++ = 'T';
    to = put_digits(to, b.hour, 2);
    *to++ = ':';
    to = put_digits(to, b.minute, 2);
    *to++ = ':';
    to = put_digits(to, b.second, 2);
    if (b.ns) {
        int width = 9;
        int64_t part = b.ns;
        while (width > 3 && part % 1000 == 0) {
            part /= 1000;
            width -= 3;
        }
        *to++ = '.';
        to = put_digits(to, part, width);
    }
    *to++ = 'Z';
    *to = '\0';
}

size_t mw_time_iso_text(char out[MW_TIME_SIZE], const char *s, size_t len)
{
    static const char form[] = "0000-00-00T00:00:00.000Z";
    /* years that 64 bits of nanoseconds hold, days that every month has */
    static const struct {
        int at, min, max;
    } parts[] = {{0, 17, 21}, {5, 1, 12}, {8, 1, 28}, {11, 0, 23}, {14, 0, 59}, {17, 0, 59}};
    size_t whole = 19, keep = len - 1;

    if ((len != whole + 1 && len != sizeof(form) - 1) || s[len - 1] != 'Z')
        return 0;
    for (size_t i = 0; i < keep; i++)
        if (form[i] == '0' ? s[i] < '0' || s[i] > '9' : s[i] != form[i])
            return 0;
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        int value = (s[parts[i].at] - '0') * 10 + s[parts[i].at + 1] - '0';

        if (value < parts[i].min || value > parts[i].max)
            return 0;
    }
    if (keep > whole && memcmp(s + whole, ".000", 4) == 0)
        keep = whole;
    memcpy(out, s, keep);
    memcpy(out + keep, "Z", 2);
    return keep + 1;
}

/* Once for each request: without printf. */
void mw_time_sigv4(char out[MW_TIME_SIZE], int64_t ns)
{
    struct broken_down b = break_down(ns);

    char *p = out;

    p = put_digits(p, b.year, 4);
    p = put_digits(p, b.month, 2);
    p = put_digits(p, b.day, 2);
    *p++ = 'T';
    p = put_digits(p, b.hour, 2);
    p = put_digits(p, b.minute, 2);
    p = put_digits(p, b.second, 2);
    memcpy(p, "Z", 2);
}

void mw_time_rfc822(char out[MW_TIME_SIZE], int64_t ns)
{
    struct broken_down b = break_down(ns);
    int weekday = (int)(((b.days % 7) + 7) % 7);

    snprintf(out, MW_TIME_SIZE, "%.3s, %02d %.3s %04d %02d:%02d:%02d GMT", day_names + 3 * weekday, b.day,
             month_names + 3 * (b.month - 1), (int)b.year, b.hour, b.minute, b.second);
}

mw_status mw_ulid(char out[MW_ULID_SIZE], int64_t ns, mw_error *err)
{
    static const char digits32[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    uint64_t ms = (uint64_t)(ns / 1000000);
    unsigned char random[16];

    if (mw_sys.random_fn(mw_sys.ctx, random, sizeof(random)) != 0)
        return mw_fail(err, MW_ERR_IO, "the system gave no random bytes for a run id");
    for (int i = 9; i >= 0; i--, ms >>= 5)
        out[i] = digits32[ms & 31];
    for (int i = 0; i < 16; i++)
        out[10 + i] = digits32[random[i] & 31];
    out[26] = '\0';
    return MW_OK;
}

mw_status mw_uuid4(char out[MW_UUID_SIZE], mw_error *err)
{
    static const size_t parts[] = {4, 2, 2, 2, 6};
    unsigned char r[16];
    const unsigned char *from = r;

    if (mw_sys.random_fn(mw_sys.ctx, r, sizeof(r)) != 0)
        return mw_fail(err, MW_ERR_IO, "the system gave no random bytes for an identifier");
    r[6] = (unsigned char)((r[6] & 0x0F) | 0x40);
    r[8] = (unsigned char)((r[8] & 0x3F) | 0x80);
    for (size_t i = 0; i < MW_COUNT(parts); from += parts[i++]) {
        if (i > 0)
            *out++ = '-';
        mw_hex(out, from, parts[i]);
        out += 2 * parts[i];
    }
    return MW_OK;
}
