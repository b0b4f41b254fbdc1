"""A store of objects that speaks S3, GCS (JSON) and Azure Blob, and lets nobody in whose signature is wrong."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from urllib.parse import parse_qs, parse_qsl, quote, unquote, urlsplit
from xml.sax.saxutils import escape

from aiohttp import web

ACCESS, SECRET = "AKIATEST", "s3cr3t/key+of=40characters"
ACCOUNT, AZURE_KEY = "tielinetest", base64.b64encode(b"azure account key").decode()
MOMENT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@dataclass
class Buckets:
    """``held`` are the objects by key; ``faults`` are taken one a request: a status, "cut", "short", "again"."""

    url: str = ""
    held: dict[str, bytes] = field(default_factory=dict)
    parts: dict[str, dict[str, bytes]] = field(default_factory=dict)
    faults: list[object] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    tokens: int = 0
    page: int = 1000
    circle: bool = False
    location: str = ""

    def etag(self, key: str) -> str:
        return hashlib.md5(self.held[key]).hexdigest()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        path = request.rel_url.raw_path
        self.calls.append(f"{request.method} {path}?{request.rel_url.raw_query_string}".rstrip("?"))
        if path == "/token":
            return self.token(body)
        fault = self.faults.pop(0) if self.faults else None
        if isinstance(fault, int):
            headers = {"Location": self.location} if self.location else {}
            return web.Response(status=fault, headers=headers)
        if fault in ("cut", "short"):
            return await self.broken(request, str(fault))
        if "/storage/v1/" in path:
            return self.gcs(request, body)
        if path.startswith(f"/{ACCOUNT}/"):
            return self.azure(request, body)
        return self.s3(request, body)

    async def broken(self, request: web.Request, how: str) -> web.StreamResponse:
        if how == "cut":
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        response = web.StreamResponse(headers={"Content-Length": "1000000"})
        await response.prepare(request)
        await response.write(b"x" * 1000)
        assert request.transport is not None
        request.transport.abort()
        return response

    # S3

    def s3(self, request: web.Request, body: bytes) -> web.StreamResponse:
        wrong = self.wrong_signature(request, body)
        if wrong:
            return s3_error(403, wrong)
        _, _, key = request.rel_url.raw_path.lstrip("/").partition("/")
        key = unquote(key)
        query = dict(parse_qsl(request.rel_url.raw_query_string, keep_blank_values=True))
        match request.method:
            case "GET" if not key:
                return self.s3_list(query)
            case "GET" | "HEAD":
                return self.ranged(request, key) or s3_error(404, "NoSuchKey")
            case "POST" if "uploads" in query:
                self.parts[f"u{len(self.parts)}"] = {}
                return xml(f"<R><UploadId>u{len(self.parts) - 1}</UploadId></R>")
            case "POST":
                parts = self.parts.pop(query["uploadId"])
                self.held[key] = b"".join(parts[number] for number in sorted(parts, key=int))
                return xml("<CompleteMultipartUploadResult/>")
            case "PUT" if "uploadId" in query:
                self.parts[query["uploadId"]][query["partNumber"]] = body
                return web.Response(headers={"ETag": f'"{hashlib.md5(body).hexdigest()}"'})
            case "PUT" if "x-amz-copy-source" in request.headers:
                source = unquote(request.headers["x-amz-copy-source"]).lstrip("/").partition("/")[2]
                if source not in self.held:
                    return s3_error(404, "NoSuchKey")
                self.held[key] = self.held[source]
                return xml("<CopyObjectResult/>")
            case "PUT":
                self.held[key] = body
            case "DELETE" if "uploadId" in query:
                self.parts.pop(query["uploadId"], None)
                return web.Response(status=204)
            case "DELETE":
                self.held.pop(key, None)
                return web.Response(status=204)
        return web.Response()

    def wrong_signature(self, request: web.Request, body: bytes) -> str:
        """Recomputed after the published rules, from what really arrived."""
        head = request.headers.get("Authorization", "")
        if not head.startswith("AWS4-HMAC-SHA256 "):
            return "AccessDenied"
        parts = dict(part.strip().partition("=")[::2] for part in head.split(" ", 1)[1].split(","))
        access, day, region, service, _ = parts["Credential"].split("/")
        if access != ACCESS:
            return "InvalidAccessKeyId"
        if request.headers["x-amz-content-sha256"] != hashlib.sha256(body).hexdigest():
            return "XAmzContentSHA256Mismatch"
        names = parts["SignedHeaders"].split(";")
        lines = "".join(f"{name}:{request.headers[name].strip()}\n" for name in names)
        pairs = parse_qsl(request.rel_url.raw_query_string, keep_blank_values=True)
        query = "&".join(sorted(f"{quote(k, safe='-_.~')}={quote(v, safe='-_.~')}" for k, v in pairs))
        canonical = "\n".join(
            [
                request.method,
                quote(unquote(request.rel_url.raw_path), safe="/-_.~"),
                query,
                lines,
                parts["SignedHeaders"],
                request.headers["x-amz-content-sha256"],
            ]
        )
        scope = f"{day}/{region}/{service}/aws4_request"
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        text = f"AWS4-HMAC-SHA256\n{request.headers['x-amz-date']}\n{scope}\n{digest}"
        key = f"AWS4{SECRET}".encode()
        for part in (day, region, service, "aws4_request"):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        wanted = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
        return "" if hmac.compare_digest(wanted, parts["Signature"]) else "SignatureDoesNotMatch"

    def s3_list(self, query: dict[str, str]) -> web.StreamResponse:
        keys, folders, following = self.listed(
            query.get("prefix", ""), query.get("delimiter", ""), query.get("continuation-token", "")
        )
        items = "".join(
            f"<Contents><Key>{escape(key)}</Key><Size>{len(self.held[key])}</Size>"
            f"<LastModified>2026-03-01T12:00:00.000Z</LastModified><ETag>&quot;{self.etag(key)}&quot;</ETag></Contents>"
            for key in keys
        )
        items += "".join(f"<CommonPrefixes><Prefix>{escape(one)}</Prefix></CommonPrefixes>" for one in folders)
        more = f"<NextContinuationToken>{escape(following)}</NextContinuationToken>" if following else ""
        said = "true" if following else "false"
        return xml(f"<ListBucketResult><IsTruncated>{said}</IsTruncated>{more}{items}</ListBucketResult>")

    # Azure

    def azure(self, request: web.Request, body: bytes) -> web.StreamResponse:
        if not self.azure_right(request, body):
            return azure_error(403, "AuthenticationFailed")
        key = unquote(request.rel_url.raw_path.split("/", 3)[3]) if request.rel_url.raw_path.count("/") > 2 else ""
        query = dict(parse_qsl(request.rel_url.raw_query_string, keep_blank_values=True))
        match request.method:
            case "GET" if query.get("comp") == "list":
                return self.azure_list(query)
            case "GET" | "HEAD":
                return self.ranged(request, key) or azure_error(404, "BlobNotFound")
            case "PUT" if query.get("comp") == "block":
                self.parts.setdefault(key, {})[query["blockid"]] = body
            case "PUT" if query.get("comp") == "blocklist":
                names = [name.split("<")[0] for name in body.decode().split("<Latest>")[1:]]
                self.held[key] = b"".join(self.parts[key][name] for name in names)
                del self.parts[key]
            case "PUT" if "x-ms-copy-source" in request.headers:
                source = unquote(urlsplit(request.headers["x-ms-copy-source"]).path).split("/", 3)[3]
                self.held[key] = self.held[source]
                return web.Response(status=202, headers={"x-ms-copy-status": "success"})
            case "PUT":
                assert request.headers["x-ms-blob-type"] == "BlockBlob"
                self.held[key] = body
            case "DELETE":
                return (
                    web.Response(status=202)
                    if self.held.pop(key, None) is not None
                    else azure_error(404, "BlobNotFound")
                )
        return web.Response(status=201)

    def azure_right(self, request: web.Request, body: bytes) -> bool:
        query = parse_qsl(request.rel_url.raw_query_string, keep_blank_values=True)
        if ("sig", "good") in query:
            return True
        given = request.headers
        length = str(len(body)) if body else ""
        covered = ["Content-Encoding", "Content-Language", "", "Content-MD5", "Content-Type", "Date"]
        covered += ["If-Modified-Since", "If-Match", "If-None-Match", "If-Unmodified-Since", "Range"]
        lines = [request.method, *(given.get(name, "") if name else length for name in covered)]
        lines += [f"{name}:{given[name]}" for name in sorted(n.lower() for n in given if n.lower().startswith("x-ms-"))]
        grouped = parse_qs(request.rel_url.raw_query_string, keep_blank_values=True)
        resource = f"/{ACCOUNT}{request.rel_url.raw_path}"
        resource += "".join(f"\n{name.lower()}:{','.join(grouped[name])}" for name in sorted(grouped))
        text = "\n".join([*lines, resource])
        digest = hmac.new(base64.b64decode(AZURE_KEY), text.encode(), hashlib.sha256).digest()
        return given.get("Authorization") == f"SharedKey {ACCOUNT}:{base64.b64encode(digest).decode()}"

    def azure_list(self, query: dict[str, str]) -> web.StreamResponse:
        keys, folders, following = self.listed(
            query.get("prefix", ""), query.get("delimiter", ""), query.get("marker", "")
        )
        items = "".join(
            f"<Blob><Name>{escape(key)}</Name><Properties><Content-Length>{len(self.held[key])}</Content-Length>"
            f"<Last-Modified>{format_datetime(MOMENT, usegmt=True)}</Last-Modified><Etag>{self.etag(key)}</Etag>"
            "</Properties></Blob>"
            for key in keys
        )
        items += "".join(f"<BlobPrefix><Name>{escape(one)}</Name></BlobPrefix>" for one in folders)
        return xml(
            f"<EnumerationResults><Blobs>{items}</Blobs><NextMarker>{escape(following)}</NextMarker></EnumerationResults>"
        )

    # GCS

    def token(self, body: bytes) -> web.StreamResponse:
        form = dict(parse_qsl(body.decode()))
        self.tokens += 1
        if form["grant_type"] != "urn:ietf:params:oauth:grant-type:jwt-bearer" or form["assertion"].count(".") != 2:
            return web.json_response({"error": "invalid_grant"}, status=400)
        return web.json_response({"access_token": "good", "expires_in": 3600})

    def gcs(self, request: web.Request, body: bytes) -> web.StreamResponse:
        if request.headers.get("Authorization") != "Bearer good":
            return web.Response(status=401)
        path, query = request.rel_url.raw_path, dict(request.query)
        if path.startswith("/upload/"):
            return self.gcs_upload(request, query, body)
        rest = path.split("/o", 1)[1].lstrip("/")
        if "/rewriteTo/" in rest:
            source, target = rest.split("/rewriteTo/b/", 1)
            if "rewriteToken" not in query:
                return web.json_response({"done": False, "rewriteToken": "t"})
            self.held[unquote(target.split("/o/", 1)[1])] = self.held[unquote(source)]
            return web.json_response({"done": True})
        key = unquote(rest)
        if not key:
            keys, folders, following = self.listed(
                query.get("prefix", ""), query.get("delimiter", ""), query.get("pageToken", "")
            )
            said = {"items": [self.gcs_item(one) for one in keys], "prefixes": folders}
            return web.json_response({**said, **({"nextPageToken": following} if following else {})})
        if key not in self.held:
            return web.json_response({"error": {"code": 404, "message": "No such object"}}, status=404)
        if request.method == "DELETE":
            del self.held[key]
            return web.Response(status=204)
        found = self.ranged(request, key) if query.get("alt") == "media" else None
        return found or web.json_response(self.gcs_item(key))

    def gcs_item(self, key: str) -> dict[str, str]:
        moment = "2026-03-01T12:00:00.123Z"
        return {"name": key, "size": str(len(self.held[key])), "updated": moment, "generation": self.etag(key)}

    def gcs_upload(self, request: web.Request, query: dict[str, str], body: bytes) -> web.StreamResponse:
        if query.get("uploadType") == "media":
            self.held[query["name"]] = body
            return web.json_response({})
        if query.get("uploadType") == "resumable":
            self.parts[query["name"]] = {"all": b""}
            where = self.location or f"{self.url}/upload/storage/v1/session?name={quote(query['name'], safe='')}"
            return web.Response(headers={"Location": where})
        if request.method == "DELETE":
            self.parts.pop(query["name"], None)
            return web.Response(status=499)
        held = self.parts[query["name"]]
        span, _, total = request.headers["Content-Range"].removeprefix("bytes ").partition("/")
        if span != "*":
            assert int(span.split("-")[0]) == len(held["all"])
            held["all"] += body
            assert total != "*" or len(body) % (256 * 1024) == 0
        if total == "*":
            return web.Response(status=308, headers={"Range": f"bytes=0-{len(held['all']) - 1}"})
        assert int(total) == len(held["all"])
        self.held[query["name"]] = self.parts.pop(query["name"])["all"]
        return web.json_response({})

    # all of them

    def ranged(self, request: web.Request, key: str) -> web.StreamResponse | None:
        if key not in self.held:
            return None
        headers = {"ETag": f'"{self.etag(key)}"', "Last-Modified": format_datetime(MOMENT, usegmt=True)}
        data, status = self.held[key], 200
        wanted = request.headers.get("Range", "")
        if wanted:
            start = int(wanted.removeprefix("bytes=").rstrip("-"))
            if start >= len(data):
                return web.Response(status=416)
            data, status = data[start:], 206
        return web.Response(status=status, body=data, headers=headers)

    def listed(self, prefix: str, delimiter: str, after: str) -> tuple[list[str], list[str], str]:
        if self.circle:
            return [], ["a/"], "again"
        found: dict[str, bool] = {}
        for key in sorted(self.held):
            if key.startswith(prefix):
                rest = key[len(prefix) :]
                cut = rest.find(delimiter) if delimiter else -1
                found[prefix + rest[: cut + 1] if cut >= 0 else key] = cut >= 0
        names = [name for name in found if name > after]
        page = names[: self.page]
        following = page[-1] if len(names) > self.page else ""
        return [n for n in page if not found[n]], [n for n in page if found[n]], following


def xml(text: str) -> web.Response:
    return web.Response(body=f'<?xml version="1.0" encoding="UTF-8"?>{text}'.encode(), content_type="application/xml")


def s3_error(status: int, code: str) -> web.Response:
    found = xml(f"<Error><Code>{code}</Code><Message>no</Message></Error>")
    found.set_status(status)
    return found


def azure_error(status: int, code: str) -> web.Response:
    return web.Response(status=status, headers={"x-ms-error-code": code})


@asynccontextmanager
async def serving_buckets() -> AsyncIterator[Buckets]:
    found = Buckets()
    app = web.Application(client_max_size=64 * 2**20)
    app.router.add_route("*", "/{path:.*}", found.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    found.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield found
    finally:
        await runner.cleanup()
        await asyncio.sleep(0)


def service_account(url: str) -> str:
    """A key file as Google gives them, with a key of our own."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    return json.dumps({"client_email": "robot@test.iam.example.com", "private_key": pem, "token_uri": f"{url}/token"})
