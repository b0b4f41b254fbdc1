"""Documentation as tired people write it: inconsistent headings, a slip in a path, the answer before the question."""

from __future__ import annotations

NOTES = """<html><head><title>Orchard Tickets - developer notes</title></head><body>
<h1>Orchard Tickets developer notes</h1>
<p>Hi! These notes explain our REST API. Everything is JSON over HTTPS and lives under
https://tickets.orchard.example/api/v3. Don't send more than 300 calls per 5 minutes or you'll get a 429.</p>
<h3>Logging in</h3>
<p>Ask support for a token and send it along in the <b>Authorization</b> header like so:</p>
<pre>Authorization: Bearer 2f9c...</pre>
<h2>Tickets</h2>
<p>What you get back looks like this:</p>
<pre>{
  "tickets": [
    {"id": 918, "subject": "Printer on fire", "state": "open", "customer_id": 41, "created_on": "2025-11-02
10:11:12", "modified_on": "2025-11-02 10:11:12"},
    ...
  ],
  "next_cursor": "MTAw",
  "has_more": true
}</pre>
<p>when you do a <code>GET /tickets</code>. It takes the query parameters <code>state</code> (open or closed),
<code>modified_since</code> and <code>limit</code> (max 200). To get more, pass <code>cursor</code> with the value
of <code>next_cursor</code>.</p>
<h4>one ticket</h4>
<p><code>GET /tickets/:ticket_id</code></p>
<pre>{"id": 918, "subject": "Printer on fire", "state": "open", "customer_id": 41, "created_on": "2025-11-02
10:11:12", "modified_on": "2025-11-02 10:11:12"}</pre>
<h2>new ticket</h2>
<pre>POST /tickets
{
  "subject": "Printer on fire",
  "customer_id": 41
}</pre>
<p>Both <code>subject</code> and <code>customer_id</code> are required, <code>priority</code> is optional. You get a
201 with the ticket.</p>
<h4>Changing</h4>
<p><code>PATCH /tikcets/{ticket_id}</code> with the same fields, all optional.</p>
<h4>Deleting</h4>
<p>DELETE /tickets/{ticket_id} answers 204.</p>
<h2>Customers</h2>
<ul><li><code>GET /customers</code> - list (also has limit and cursor)</li><li><code>GET /customers/{id}</code> -
one</li><li><code>POST /customers</code> - make one</li></ul>
<h3>Customer fields</h3>
<table><tr><td>id</td><td>number</td><td>the
key</td></tr><tr><td>email</td><td>text</td><td>unique</td></tr><tr><td>name</td><td>text</td><td></td></tr></table>
<h2>Webhooks</h2>
<p>Register with <code>POST /hooks</code>, body fields <code>url</code> and <code>events</code>, both required.
Remove with <code>DELETE /hooks/{id}</code>. Events are ticket.created, ticket.closed and customer.merged.</p>
</body></html>
"""

CHARGES = """# Pebble Payments

## Authentication

Authenticate with HTTP Basic: your secret key is the user name, the password stays empty.

```bash
curl https://api.pebble.example/v1/charges \\
  -u sk_test_4eC39:
```

## Pagination

All list endpoints take `limit` (1 to 100, default 10) and `starting_after` (the id of the last object of the page
before). The response has `data` and `has_more`.

## Charges

### The charge object

| Attribute | Type | Description |
|---|---|---|
| id | string | Unique identifier |
| amount | integer | In cents |
| currency | string | Three letters |
| customer | string | Who pays |
| created | timestamp | When it was made |

### Create a charge

```bash
curl https://api.pebble.example/v1/charges \\
  -u sk_test_4eC39: \\
  -H "Idempotency-Key: 7c1" \\
  -d amount=2000 \\
  -d currency=eur \\
  -d "description=My first charge"
```

**Parameters**

- **amount** `required` integer - In cents.
- **currency** `required` string - Three letters.
- **description** optional string

Returns the charge object.

### Retrieve a charge

```bash
curl https://api.pebble.example/v1/charges/ch_1Nirb2 -u sk_test_4eC39:
```

```json
{"id": "ch_1Nirb2", "object": "charge", "amount": 2000, "currency": "eur", "created": 1700000000}
```

### List all charges

```bash
curl -G https://api.pebble.example/v1/charges -u sk_test_4eC39: -d limit=3
```

```json
{
  "object": "list",
  "url": "/v1/charges",
  "has_more": false,
  "data": [
    {"id": "ch_1Nirb2", "object": "charge", "amount": 2000, "currency": "eur", "created": 1700000000},
    {...},
    {...}
  ]
}
```

### Capture a charge

```bash
curl -X POST https://api.pebble.example/v1/charges/ch_1Nirb2/capture -u sk_test_4eC39:
```
"""

LAGER = """# Lagerhaus Schnittstelle

Basis-URL: https://lager.example/rest

## Anmeldung

Alle Aufrufe brauchen den Parameter `api_key` in der URL: `https://lager.example/rest/artikel?api_key=GEHEIM`

## Artikel auflisten

`GET /artikel`

### Abfrageparameter

| Name | Typ | Pflicht | Beschreibung |
|------|-----|---------|--------------|
| offset | Ganzzahl | nein | Ab welchem Satz, Standard 0 |
| limit | Ganzzahl | nein | Anzahl der Sätze, höchstens 500 |
| geaendert_seit | Datum | nein | Nur was danach geändert wurde |

### Antwort

```json
{"artikel": [{"id": 5, "name": "Schraube M4", "bestand": 1200}], "total": 812}
```

## Artikel anlegen

`POST /artikel`

### Rumpf

| Feld | Typ | Pflichtfeld | Bedeutung |
|---|---|---|---|
| name | Zeichenkette | ja | Bezeichnung |
| bestand | Ganzzahl | nein | Wie viele da sind |

### Fehler

| Code | Bedeutung |
|---|---|
| 400 | Etwas fehlt |
| 409 | Gibt es schon |

## Artikel lesen

`GET /artikel/{id}`

### Pfadparameter

| Name | Typ | Beschreibung |
|---|---|---|
| id | Ganzzahl | Schlüssel |

### Antwort 200

```json
{"id": 5, "name": "Schraube M4", "bestand": 1200}
```
"""

CALENDAR = """---
title: Meridian Calendar API
---
# Meridian Calendar API v2

| Environment | URL |
|---|---|
| Production | https://api.meridian.example/v2 |
| Sandbox | https://sandbox.meridian.example/v2 |

## Authorization

We use OAuth 2.0 with the authorization code grant. Send the user to
`https://login.meridian.example/oauth/authorize`, then exchange the code at
`https://login.meridian.example/oauth/token`. Refresh tokens rotate.

| Scope | Description |
|---|---|
| calendar:read | Read calendars |
| calendar:write | Change calendars |

Access tokens go into the header `Authorization: Bearer <token>`.

## Paging

Lists come 50 at a time. Follow the `Link` header with `rel="next"`. `per_page` changes the size (max 200).

## Endpoints

| Method | Path | What it does |
|---|---|---|
| GET | /calendars | List calendars |
| POST | /calendars | Create a calendar |
| GET | /calendars/{calendar_id} | Get one calendar |
| PUT | /calendars/{calendar_id} | Replace a calendar |
| DELETE | /calendars/{calendar_id} | Delete a calendar |
| GET | /calendars/{calendar_id}/events | List events |

### Create a calendar

Request:

```http
POST /v2/calendars HTTP/1.1
Host: api.meridian.example
Content-Type: application/json

{"name": "Team", "color": "#ff0000"}
```

Response:

```http
HTTP/1.1 201 Created
Content-Type: application/json
X-RateLimit-Remaining: 99

{"id": "cal_1", "name": "Team", "color": "#ff0000", "created_at": "2026-01-01T00:00:00Z"}
```

`name` is required.

### List calendars

```python
import requests
r = requests.get("https://api.meridian.example/v2/calendars", headers={"Authorization": "Bearer " + token},
params={"per_page": "50"})
```

Returns an array of calendars:

```json
[{"id": "cal_1", "name": "Team", "color": "#ff0000", "created_at": "2026-01-01T00:00:00Z"}]
```
"""

VOICE = """<!doctype html><html><head><title>Vantage Voice API Reference</title></head><body>
<div class="rm-Article"><h1>Vantage Voice</h1><p>Welcome. The API is organised around REST. The base URL is
<code>https://api.vantage.example</code>.</p>
<h2>Security</h2><p>Sign in with your client id and client secret. POST them as grant_type=client_credentials to
<code>/oauth2/token</code> and use the access_token as bearer token. Tokens live for 3600 seconds.</p>
<h2>Limits</h2><p>We allow up to 10 requests per second per account.</p></div>
<section id="calls-list"><header><h2>Get all calls</h2><div class="endpoint"><span class="method get">GET</span>
<span class="url">https://api.vantage.example<b>/2.0/calls</b></span></div></header>
<p>Lists calls, newest first.</p>
<h3>QUERY PARAMS</h3>
<div class="param"><label>page_token</label> <span class="type">string</span> <div class="desc">Token from
<em>nextPageToken</em> of the previous response.</div></div>
<div class="param"><label>page_size</label> <span class="type">int32</span> <span class="badge">Defaults to
20</span><div class="desc">Between 1 and 500.</div></div>
<div class="param"><label>direction</label> <span class="type">string</span> <span
class="badge">required</span><div class="desc">inbound or outbound</div></div>
<h3>RESPONSES</h3>
<div class="tabs"><button>200</button><button>401</button></div>
<div class="tab"><pre><code class="language-json">{
  "calls": [{"callId": "c-99812", "from": "+3225550101", "to": "+3225550102", "startTime": "2026-01-02T10:00:00Z",
"durationSec": 61}],
  "nextPageToken": "abc"
}</code></pre></div>
</section>
<section><h2>Make a call</h2><div><span class="method post">POST</span> <span
class="url">https://api.vantage.example<b>/2.0/calls</b></span></div>
<h3>BODY PARAMS</h3>
<div class="param"><label>from</label> <span class="type">string</span> <span class="badge">required</span></div>
<div class="param"><label>to</label> <span class="type">string</span> <span class="badge">required</span></div>
<div class="param"><label>callerName</label> <span class="type">string</span></div>
<h3>RESPONSE</h3><pre><code>201 Created

{"callId": "c-99813", "from": "+3225550101", "to": "+3225550102", "startTime":
"2026-01-02T10:00:00Z"}</code></pre></section>
<section><h2>Hang up</h2><div><span class="method post">POST</span> <span
class="url">https://api.vantage.example<b>/2.0/calls/{callId}/hangup</b></span></div>
<p>Path params: callId (string, required) – the call.</p><p>Returns 204.</p></section>
<section><h2>Look up a contact by phone</h2><p><code>GET https://api.vantage.example/2.0/contacts/by-phone/{phone}</code></p>
<pre>{"contactId": "p-1", "phone": "+3225550101", "name": "Ada"}</pre></section>
<section><h2>Event subscriptions</h2><div><span class="method post">POST</span> <span
class="url">https://api.vantage.example<b>/2.0/subscriptions</b></span></div>
<p>Body:</p><pre>{"callbackUrl": "https://your.example/hook", "eventTypes": ["call.ringing", "call.ended"]}</pre>
<p>Available events</p><table><tr><th>Event</th><th>When</th></tr><tr><td>call.ringing</td><td>A call comes
in</td></tr><tr><td>call.ended</td><td>A call is over</td></tr></table>
<p>Each delivery is signed: header <code>X-Vantage-Signature</code> holds an HMAC-SHA256 of the body.</p></section>
</body></html>
"""

STOKVIS = """Stokvis ERP webservice
======================

Versie 1.4. Alle adressen beginnen met https://erp.stokvis.example/ws/v1 en alle berichten zijn JSON.

Authenticatie
-------------
Stuur de header `X-Stokvis-Token` mee. U krijgt de sleutel van ons.

1. Klanten
----------

**Klanten ophalen**

    GET /klanten?pagina=1&aantal=50

Parameters (query):

* `pagina` - nummer van de pagina, begint bij 1
* `aantal` - aantal per pagina, maximaal 200
* `gewijzigd_na` (datum, optioneel) - alleen klanten gewijzigd na deze datum

Antwoord:

    {
      "klanten": [ { "klantnr": 10021, "naam": "De Vries BV", "email": "info@devries.example" } ],
      "totaal": 431
    }

**Klant aanmaken**

    POST /klanten
    Content-Type: application/json

    { "naam": "De Vries BV", "email": "info@devries.example" }

Verplichte velden: naam. Optioneel: email, telefoon.

Antwoord: 201 met de klant.

**Klant wijzigen**: `PUT /klanten/{klantnr}`

**Klant verwijderen**: `DELETE /klanten/{klantnr}` geeft 204.
"""
