"""Places and days (đơn vị hành chính, bộ phận một cửa, quầy, giờ làm việc, lịch nghỉ).

Always true:
- a unit, a centre and its hours exist from a date to a date; asking always names the day, and nothing
  of the past is deleted: a district centre cannot be chosen after 30 June 2025 and still opens in a
  report of 2022;
- an official unit code names one unit at a time (exclusion constraint) and several over time, so rows
  are keyed by id and never by code;
- where an old unit was divided, no function says which new unit an address belongs to: the links say
  `divided`, and a person is asked;
- a pool belongs to one centre, and so do the counters that serve it.

The law comes into it with Decree 118/2025/NĐ-CP: two tiers since 1 July 2025.

Start reading at `queries.get_centre`.
"""
