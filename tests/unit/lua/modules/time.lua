-- Instants, the calendar, durations.
local time = require("time")
time.parse("1970-01-01T00:00:00Z")  --> 0
time.parse("2024-01-02T03:04:05Z")  --> 1704164645
time.parse("2024-01-02T03:04:05.678Z")  --> 1704164645
time.parse("2024-01-02T03:04:05+02:00")  --> 1704157445
time.parse("2024-01-02T03:04:05-0230")  --> 1704173645
time.parse("2024-01-02 03:04:05")  --> 1704164645
time.parse("2024-01-02T03:04:05")  --> 1704164645
time.parse("2024-01-02")  --> 1704153600
time.parse("Tue, 02 Jan 2024 03:04:05 GMT")  --> 1704164645
time.parse(1704164645)  --> 1704164645
time.parse("N/A")  --> nil
time.parse("no_information")  --> nil
time.parse("2024-13-02")  --> nil
time.parse("2024-01-02T25:00:00Z")  --> nil
time.parse("1704164645")  --> nil
time.parse("")  --> nil
time.parse(nil)  --> nil
time.parse("2024-02-29")  --> 1709164800
time.age_days("2024-01-01", 1704164645)  --> 1
time.age_days("2024-01-03", 1704164645)  --> -1
time.age_days("N/A", 0)  --> nil
time.age("2024-01-02T03:04:00Z", 1704164645)  --> 5
time.iso(1704164645)  --> "2024-01-02T03:04:05Z"
time.iso(-1)  --> "1969-12-31T23:59:59Z"
time.iso("x")  --> nil
time.calendar("2024-02-29T12:30:00Z")  --> { day = 29, hour = 12, minute = 30, month = 2, second = 0, weekday = 4, year = 2024 }
time.iso(time.add_months("2024-01-31", 1))  --> "2024-02-29T00:00:00Z"
time.iso(time.add_months("2023-01-31", 1))  --> "2023-02-28T00:00:00Z"
time.iso(time.add_months("2024-01-15T01:02:03Z", -13))  --> "2022-12-15T01:02:03Z"
time.days_between("2024-02-28T23:00:00Z", "2024-03-01T01:00:00Z")  --> 2
time.days_between("x", "2024-03-01")  --> nil
time.months_between("2024-01-31", "2024-02-29")  --> 1
time.months_between("2024-01-15", "2024-02-14")  --> 0
time.months_between("2024-02-15", "2023-02-15")  --> -12
time.duration("90d")  --> 7776000
time.duration("1h30m")  --> 5400
time.duration("2 weeks")  --> 1209600
time.duration("PT1H30M")  --> 5400
time.duration("P7D")  --> 604800
time.duration("P1DT12H")  --> 129600
time.duration("P2W")  --> 1209600
time.duration("1.5h")  --> 5400
time.duration(60)  --> 60
time.duration("P1Y")  --> nil
time.duration("P1M")  --> nil
time.duration("PT")  --> nil
time.duration("soon")  --> nil
time.duration("")  --> nil
time.parse("2024-01-02T03:04:05.123456789+00:00")  --> 1704164645
time.parse("2023-02-29")  --> nil
time.parse("Mon Jan  2 03:04:05 2024 and more")  --> nil
