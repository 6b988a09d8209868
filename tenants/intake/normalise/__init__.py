"""Making one value right, or saying what is wrong with it.

Each function here takes the text of one cell and answers with the value or with a `Fault`; it asks nobody, raises for no input,
and says nothing of the value in the fault's sentences. What it answers, written as text, gives the same answer again. A question
that a cell cannot answer (does the day or the month come first, the point or the comma) is answered by its whole column:
`DateEvidence` and `AmountEvidence` see every cell, can be merged over chunks, and are then told to `date` and `amount`.

What was decided, where one could differ:

- **Characters.** NFC and full-width forms to ASCII, not NFKC: that would rewrite ①, ㈱ and ﬁ. In running text Chinese punctuation
  stays full-width; in values with a grammar (phones, dates, amounts …) it does not. NUL and half characters are refused.
- **Empty.** A cell that says `-`, `N/A`, `NULL`, `无`, `未知` … has no value (`is_empty`). `Null` and `NA` are a surname and Namibia.
- **Names** are only cleaned. Capitals, `Last, First` and titles stay: nothing here could tell what was meant.
- **Phones** are E.164 if phonenumbers says that they are valid; an extension stays, as RFC 3966's `;ext=`. rphonenumbers is asked
  first because it is ten times as fast; only its "valid" counts. Spreadsheet damage is repaired where no digit is lost.
- **E-mail** is what email-validator accepts, without asking the network. `email_key` is for matching.
- **Dates.** With dots the day is first. Two-digit years: 30–99 are 19xx. A day number of a spreadsheet has five digits.
- **Amounts.** A currency's sign is read over, `万` multiplies, a percent sign and an exponent are refused.
- **Countries and currencies.** ISO codes. A currency sign that several share means the tenant's own, if it is one of them.
- **Dropped zeros** of postal codes and the rounded ends of identity numbers are explained and not guessed.

Speed counts, because this runs for every cell: the frequent form is tried first, what repeats (domains, days, words, countries) is
kept in bounded caches, and patterns are compiled once.
"""

from __future__ import annotations

from tenants.intake.normalise.amounts import AmountEvidence, DecimalMark, amount
from tenants.intake.normalise.country import country, country_name
from tenants.intake.normalise.currency import currency
from tenants.intake.normalise.dates import DateEvidence, DateOrder, date, datetime_
from tenants.intake.normalise.email import email, email_key
from tenants.intake.normalise.names import name
from tenants.intake.normalise.national_id import birth_date_of, national_id
from tenants.intake.normalise.phone import phone
from tenants.intake.normalise.postal_code import postal_code
from tenants.intake.normalise.tags import tags
from tenants.intake.normalise.text import clean, is_empty, text
from tenants.intake.normalise.words import boolean, word

__all__ = [
    "AmountEvidence",
    "DateEvidence",
    "DateOrder",
    "DecimalMark",
    "amount",
    "birth_date_of",
    "boolean",
    "clean",
    "country",
    "country_name",
    "currency",
    "date",
    "datetime_",
    "email",
    "email_key",
    "is_empty",
    "name",
    "national_id",
    "phone",
    "postal_code",
    "tags",
    "text",
    "word",
]
