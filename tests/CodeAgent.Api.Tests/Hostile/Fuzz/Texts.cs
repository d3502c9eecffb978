using System.Globalization;
using FsCheck;
using FsCheck.Fluent;

namespace CodeAgent.Api.Tests.Hostile.Fuzz;

/// <summary>Pieces of what should not be sent. <see cref="RawHttp.Bytes"/> says what becomes of the characters from U+E000.</summary>
internal static class Texts
{
    /// <summary>What may stand in a string of JSON, or in a path.</summary>
    public static Gen<string> Text { get; } = Gen.Frequency(
        (4, Gen.Elements("a", "x y", "ä", "日本語", "🦊", "", " ", "0", "null", "..", "../../etc/passwd", "%2e%2e%2f", "'; DROP TABLE", "<script>", "${jndi:ldap://x}", "*", "{id}", "\\r\\nX: y")),
        (1, Gen.Elements("\\ud800", "\\udfff\\ud800", "\\u0000", "\uE0FF", "\uE0C0\uE0AF", "\uE0ED\uE0A0\uE080", "\uE000", "\u202E", "\uFEFF", "\\x", "\\u12")),
        (1, Gen.Choose(1, 20_000).Select(count => new string('a', count))),
        (1, from count in Gen.Choose(1, 40) from c in Gen.Choose(1, 0x2FF).ArrayOf(count) select string.Concat(c.Select(x => (char)x)).Replace("\"", "\\\"", StringComparison.Ordinal)));

    /// <summary>Values of JSON of which none is expected anywhere, and things that are no JSON at all.</summary>
    public static Gen<string> Value { get; } = Gen.Frequency(
        (6, Gen.Elements("null", "true", "0", "-1", "1", "\"\"", "[]", "{}", "[null]", "[[]]", "{\"\":0}", "{\"a\":{\"a\":{}}}", "-0", "0.1", "1e2", "2147483648", "-9223372036854775809")),
        (3, Gen.Elements("1e400", "-1e400", "1e-400", "1E+999999999", new string('9', 400), "0." + new string('0', 5_000) + "1", "NaN", "Infinity", "01", "+1", "0x10", "1.", "undefined", "'a'", "\"", "{", "]", ",", "//", "/**/1")),
        (3, Text.Select(text => $"\"{text}\"")),
        (1, Gen.Choose(10, 3_000).Select(depth => new string('[', depth) + new string(']', depth))),
        (1, Gen.Choose(10, 3_000).Select(depth => string.Concat(Enumerable.Repeat("{\"a\":", depth)) + "0" + new string('}', depth))),
        (1, Gen.Choose(100, 3_000).Select(count => $"[{string.Join(',', Enumerable.Repeat("{}", count))}]")),
        (1, Gen.Choose(100, 3_000).Select(count => $"{{{string.Join(',', Enumerable.Range(0, count).Select(i => string.Create(CultureInfo.InvariantCulture, $"\"k{i}\":0")))}}}")));

    /// <summary>Headers that a client may send beside those that it must.</summary>
    public static Gen<string> Header { get; } = Gen.Frequency(
        (6, from name in Gen.Elements("Range", "If-Range", "If-None-Match", "If-Match", "If-Modified-Since", "Accept", "Accept-Encoding", "Accept-Language", "Last-Event-ID", "traceparent", "tracestate",
                "baggage", "X-Correlation-Id", "Origin", "Cookie", "Referer", "X-Forwarded-For", "X-Forwarded-Host", "X-HTTP-Method-Override", "Idempotency-Key", "Content-Language", "Forwarded", "Prefer", "Cache-Control", "x-api-key", "Upload-Offset", "Upload-Length", "Upload-Complete")
            from value in Gen.Elements("", "*", "*/*", "text/html", "application/json", "application/json, text/event-stream", ";;;", "bytes=0-0", "bytes=-1", "bytes=5-1", "bytes=0-0,1-1,2-2", "bytes=99999999999999999999-",
                "\"", "\"a\"", "W/\"a\"", "Thu, 01 Jan 1970 00:00:00 GMT", "not a date", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "00-00000000000000000000000000000000-0000000000000000-00", "-1", "0",
                "99999999999999999999", "http://evil.example", "null", "gzip;q=-1", new string('x', 3_000), "ä", "\uE0FF\uE0FE", "a=b,c=d;e=f", "q=1e9", "?0", "?1", "10")
            select $"{name}: {value}\r\n"),
        (1, from name in Gen.Elements("Content-Encoding: gzip", "Content-Encoding: br", "Content-Encoding: identity, gzip", "Expect: 100-continue", "Expect: x", "Upgrade: websocket\r\nConnection: Upgrade", "TE: trailers", "Connection: keep-alive, X") select $"{name}\r\n"),
        (1, Gen.Choose(1, 80).Select(count => string.Concat(Enumerable.Range(0, count).Select(i => string.Create(CultureInfo.InvariantCulture, $"X-Flood-{i}: {i}\r\n"))))));
}
