#!/usr/bin/env python3
"""Writes domain/geography/area-codes.ts from the data of Google's libphonenumber (Apache-2.0).

    python3 -m pip install phonenumbers==9.0.43
    python3 scripts/geography/generate-area-codes.py

A newer version of the package brings newer area codes: install that one, run this, read the diff.
"""

import re
from collections import Counter
from pathlib import Path

import phonenumbers
from phonenumbers.geodata import GEOCODE_DATA
from phonenumbers.tzdata import TIMEZONE_DATA

TARGET = Path(__file__).resolve().parents[2] / "domain" / "geography" / "area-codes.ts"

# Names as the data writes them, misspelling included, to USPS and Canada Post abbreviations.
STATES = {
    "Alabama": "AL", "Alaska": "AK", "Arizona": "AZ", "Arkansas": "AR", "California": "CA", "Colorado": "CO",
    "Connecticut": "CT", "Delaware": "DE", "Florida": "FL", "Georgia": "GA", "Hawaii": "HI", "Idaho": "ID",
    "Illinois": "IL", "Indiana": "IN", "Iowa": "IA", "Kansas": "KS", "Kentucky": "KY", "Louisiana": "LA",
    "Maine": "ME", "Maryland": "MD", "Massachusetts": "MA", "Michigan": "MI", "Minnesota": "MN",
    "Mississippi": "MS", "Missouri": "MO", "Montana": "MT", "Nebraska": "NE", "Nevada": "NV",
    "New Hampshire": "NH", "New Jersey": "NJ", "New Mexico": "NM", "New York": "NY", "North Carolina": "NC",
    "North Dakota": "ND", "Ohio": "OH", "Oklahoma": "OK", "Oregon": "OR", "Pennsylvania": "PA",
    "Rhode Island": "RI", "South Carolina": "SC", "South Dakota": "SD", "Tennessee": "TN", "Texas": "TX",
    "Utah": "UT", "Vermont": "VT", "Virginia": "VA", "Washington": "WA", "Washington D.C.": "DC",
    "Washington State": "WA", "West Virginia": "WV", "Wisconsin": "WI", "Wyoming": "WY",
    "Alberta": "AB", "British Columbia": "BC", "British Colombia": "BC", "Manitoba": "MB", "New Brunswick": "NB",
    "Newfoundland and Labrador": "NL", "Nova Scotia": "NS", "Ontario": "ON", "Prince Edward Island": "PE",
    "Quebec": "QC", "Saskatchewan": "SK",
}
ABBREVIATIONS = set(STATES.values())

# Where the data is plainly wrong, by NANPA's descriptions of the areas.
ZONE_CORRECTIONS = {
    "423": "America/New_York",  # Chattanooga and the Tri-Cities: the Eastern side of Tennessee
    "474": "America/Regina",  # laid over 306 and 639
    "689": "America/New_York",  # laid over 407
    "709": "America/St_Johns",
    "879": "America/St_Johns",  # laid over 709
    "907": "America/Anchorage",  # the data lists the exchanges of Juneau, which has the same clock
}
# The data calls 782 and 902 Nova Scotia or both provinces, from one version to the next; 867 is three territories.
SEVERAL_PROVINCES = {"782", "867", "902"}


def entries(data, area_code):
    """Entries of an area code as (digits after it, value), the code's own one first."""
    prefix = "1" + area_code
    return sorted((key[4:], value) for key, value in data.items() if key.startswith(prefix))


def country_of(area_code):
    """Most common region of its numbers: some are shared out by exchange."""
    regions = Counter()
    for exchange in range(200, 1000):
        number = phonenumbers.PhoneNumber(country_code=1, national_number=int(f"{area_code}{exchange}0123"))
        regions[phonenumbers.region_code_for_number(number)] += 1
    return regions.most_common(1)[0][0]


def state_of(area_code):
    """The state its own entry names, else the one most of its places are in."""
    if area_code in SEVERAL_PROVINCES:
        return None
    found = Counter()
    for rest, names in entries(GEOCODE_DATA, area_code):
        name = names.get("en", "")
        place = re.search(r", ([A-Z]{2})$", name)
        state = STATES.get(name) or (place.group(1) if place and place.group(1) in ABBREVIATIONS else None)
        if rest == "" and state is not None:
            return state
        if state is not None:
            found[state] += 1
    return found.most_common(1)[0][0] if found else None


def zone_of(area_code):
    """Its own entry where that is one zone; else the zone of most exchanges that are listed with one; else the first."""
    if area_code in ZONE_CORRECTIONS:
        return ZONE_CORRECTIONS[area_code]
    listed = entries(TIMEZONE_DATA, area_code)
    own = next((zones for rest, zones in listed if rest == ""), ())
    if len(own) == 1:
        return own[0]
    single = Counter(zones[0] for _, zones in listed if len(zones) == 1)
    if single:
        return max(single, key=lambda zone: (single[zone], zone))
    return own[0] if own else None


def main():
    groups = {}
    for code in map(str, range(200, 1000)):
        country = country_of(code)
        if country is None:
            continue
        if not entries(GEOCODE_DATA, code) and not entries(TIMEZONE_DATA, code):
            continue  # personal, toll-free, premium: nowhere in particular
        state = state_of(code) if country in ("US", "CA") else None
        groups.setdefault((country, state, zone_of(code)), []).append(code)

    order = sorted(groups, key=lambda place: (place[0] != "US", place[0] != "CA", *(part or "" for part in place)))
    rows = "\n".join(
        f"  [{quote(country)}, {quote(state)}, {quote(zone)}, '{' '.join(groups[country, state, zone])}'],"
        for country, state, zone in order
    )
    TARGET.write_text(HEADER.format(version=phonenumbers.__version__, rows=rows))
    print(f"{sum(map(len, groups.values()))} area codes written to {TARGET}")


def quote(text):
    return "null" if text is None else f"'{text}'"


HEADER = """\
/*
 * Generated by scripts/geography/generate-area-codes.py: run that instead of editing this.
 * Source: geocoding and time zone data of Google's libphonenumber, as the Python package phonenumbers {version}
 * carries it. Copyright The Libphonenumber Authors, Apache License 2.0.
 */

/** Country (ISO 3166-1 alpha-2), state or province, IANA zone, and the area codes there. */
export type AreaCodeRow = readonly [
  country: string,
  state: string | null,
  timeZone: string | null,
  areaCodes: string,
];

/** Geographic area codes of the North American Numbering Plan. States only of the United States and Canada. */
// biome-ignore format: a row a place
export const AREA_CODE_ROWS: readonly AreaCodeRow[] = [
{rows}
];
"""

if __name__ == "__main__":
    main()
