using System.Globalization;
using static CodeAgent.Api.Tests.Hostile.Try;

namespace CodeAgent.Api.Tests.Hostile;

/// <summary>The tries that are one request each. A row is a test.</summary>
internal static class Tries
{
    private const string Lost = "409 lease-lost";
    private const string Forbidden = "403 forbidden";
    private const string Unauthorized = "401 unauthorized";
    private const string BadName = "400 invalid-artifact-name";
    private const string NoTask = "404 task-not-found";
    private const string NotFound = "404 not-found";

    // What the server itself refuses before the Api is asked has no problem in it.
    private const string NoHttp = "400";
    private const string Closed = "0";

    private const string Complete = """{"outcome":"succeeded"}""";
    private const string Events = """{"first":0,"events":[{"at":"2026-01-01T00:00:00Z","type":"output","data":{}}]}""";
    private const string Checkpoint = """{"turn":1,"state":{},"baseCommit":"x","usage":{}}""";
    private const string Claim = """{"worker":"w","agents":["command"],"capacity":1,"waitSeconds":0}""";
    private const string Prompt = """{"prompt":"x"}""";

    public static IReadOnlyList<Try> Tokens { get; } =
    [
        new("a token after its lease: heartbeat", Json("POST", "/v1/leases/{lost}/heartbeat", "{lost-token}", "{}"), Lost),
        new("a token after its lease: events", Json("POST", "/v1/leases/{lost}/events", "{lost-token}", Events), Lost),
        new("a token after its lease: checkpoint", Json("PUT", "/v1/leases/{lost}/checkpoint", "{lost-token}", Checkpoint), Lost),
        new("a token after its lease: artifact", Json("PUT", "/v1/leases/{lost}/artifacts/log", "{lost-token}", "x"), Lost),
        new("a token after its lease: get an artifact", Plain("GET", "/v1/leases/{lost}/artifacts/log", "{lost-token}"), Lost),
        new("a token after its lease: complete", Json("POST", "/v1/leases/{lost}/complete", "{lost-token}", Complete), Lost),
        new("a token after its lease: release", Json("POST", "/v1/leases/{lost}/release", "{lost-token}", """{"reason":"r"}"""), Lost),
        new("a token after its task's end: complete otherwise", Json("POST", "/v1/leases/{done}/complete", "{done-token}", """{"outcome":"canceled"}"""), Lost),
        new("a token on another task: heartbeat", Json("POST", "/v1/leases/{task}/heartbeat", "{other-token}", "{}"), Forbidden),
        new("a token on another task: complete", Json("POST", "/v1/leases/{task}/complete", "{other-token}", Complete), Forbidden),
        new("a token on another task: artifact", Json("PUT", "/v1/leases/{task}/artifacts/log", "{other-token}", "x"), Forbidden),
        new("a token on another task: get an artifact", Plain("GET", "/v1/leases/{done}/artifacts/log", "{token}"), Forbidden),
        new("a token with its task's id exchanged", Json("POST", "/v1/leases/{task}/heartbeat", "{forged-task}", "{}"), Unauthorized),
        new("a token with the next fencing number", Json("POST", "/v1/leases/{task}/heartbeat", "{forged-fence}", "{}"), Unauthorized),
        new("a token with another secret", Json("POST", "/v1/leases/{task}/heartbeat", "{forged-secret}", "{}"), Unauthorized),
        new("a token's prefix alone", Json("POST", "/v1/leases/{task}/heartbeat", "cat_", "{}"), Unauthorized),
        new("a lease's endpoints with a key for everything", Json("POST", "/v1/leases/{task}/complete", "{all}", Complete), Forbidden),
    ];

    public static IReadOnlyList<Try> Scopes { get; } =
    [
        new("a lease's token lists tasks", Plain("GET", "/v1/tasks", "{token}"), Forbidden),
        new("a lease's token sees its own task as clients do", Plain("GET", "/v1/tasks/{task}", "{token}"), Forbidden),
        new("a lease's token submits", Json("POST", "/v1/tasks", "{token}", Prompt), Forbidden),
        new("a lease's token cancels its task", Plain("POST", "/v1/tasks/{task}/cancel", "{token}"), Forbidden),
        new("a lease's token claims another", Json("POST", "/v1/leases", "{token}", Claim), Forbidden),
        new("a lease's token makes a key", Json("POST", "/v1/keys", "{token}", """{"name":"k","scopes":["read"]}"""), Forbidden),
        new("a worker's key lists tasks", Plain("GET", "/v1/tasks", "{worker}"), Forbidden),
        new("a worker's key submits", Json("POST", "/v1/tasks", "{worker}", Prompt), Forbidden),
        new("a worker's key reads an artifact", Plain("GET", "/v1/tasks/{done}/artifacts/log", "{worker}"), Forbidden),
        new("a worker's key without a lease", Json("POST", "/v1/leases/{task}/complete", "{worker}", Complete), Forbidden),
        new("a key to read submits", Json("POST", "/v1/tasks", "{read}", Prompt), Forbidden),
        new("a key to read cancels", Plain("POST", "/v1/tasks/{task}/cancel", "{read}"), Forbidden),
        new("a key to read says something", Json("POST", "/v1/tasks/{task}/messages", "{read}", """{"text":"x"}"""), Forbidden),
        new("a key to read claims", Json("POST", "/v1/leases", "{read}", Claim), Forbidden),
        new("a key to read lists keys", Plain("GET", "/v1/keys", "{read}"), Forbidden),
        new("a key to read revokes a key", Plain("DELETE", "/v1/keys/x", "{read}"), Forbidden),
        new("a key to submit reads events", Plain("GET", "/v1/tasks/{task}/events", "{submit}"), Forbidden),
        new("a key to submit makes a key", Json("POST", "/v1/keys", "{submit}", """{"name":"k","scopes":["read"]}"""), Forbidden),
        new("a key to make keys makes one that may more than it", Json("POST", "/v1/keys", "{admin}", """{"name":"k","scopes":["submit"]}"""), "403 scope-not-held"),
        new("a key to make keys submits", Json("POST", "/v1/tasks", "{admin}", Prompt), Forbidden),
        new("no key", "GET /v1/tasks HTTP/1.1\nHost: localhost\nConnection: close\n\n", Unauthorized),
        new("an empty key", Plain("GET", "/v1/tasks", ""), Unauthorized),
        new("a key that is not known", Plain("GET", "/v1/tasks", "ca_0123456789"), Unauthorized),
        new("a key in the query", "GET /v1/tasks?key={all} HTTP/1.1\nHost: localhost\nConnection: close\n\n", Unauthorized),
        new("a key in a cookie", "GET /v1/tasks HTTP/1.1\nHost: localhost\nConnection: close\nCookie: key={all}; Authorization=Bearer {all}\n\n", Unauthorized),
        new("a key by basic authentication", "GET /v1/tasks HTTP/1.1\nHost: localhost\nConnection: close\nAuthorization: Basic e2FsbH06\n\n", Unauthorized),
        new("two keys, a good one after a bad one", Plain("GET", "/v1/tasks", "ca_bad", "Authorization: Bearer {all}\n"), Unauthorized),
    ];

    public static IReadOnlyList<Try> Tenants { get; } =
    [
        new("another tenant sees a task", Plain("GET", "/v1/tasks/{task}", "{tenant}"), NoTask),
        new("another tenant watches a task", Plain("GET", "/v1/tasks/{task}/events", "{tenant}"), NoTask),
        new("another tenant reads a task's events", Plain("GET", "/v1/tasks/{task}/events?after=0", "{tenant}", "Accept: application/json\n"), NoTask),
        new("another tenant lists a task's artifacts", Plain("GET", "/v1/tasks/{done}/artifacts", "{tenant}"), NoTask),
        new("another tenant reads an artifact", Plain("GET", "/v1/tasks/{done}/artifacts/log", "{tenant}"), NoTask),
        new("another tenant cancels a task", Plain("POST", "/v1/tasks/{task}/cancel", "{tenant}"), NoTask),
        new("another tenant tries a task again", Plain("POST", "/v1/tasks/{done}/retry", "{tenant}"), NoTask),
        new("another tenant says something", Json("POST", "/v1/tasks/{task}/messages", "{tenant}", """{"text":"x"}"""), NoTask),
    ];

    public static IReadOnlyList<Try> Smuggling { get; } =
    [
        new("Content-Length twice, different", $"POST /v1/tasks HTTP/1.1\nHost: localhost\nAuthorization: Bearer {{all}}\nContent-Type: application/json\nContent-Length: 5\nContent-Length: 6\n\n{Prompt}", NoHttp),
        new("Content-Length as a list", $"POST /v1/tasks HTTP/1.1\nHost: localhost\nAuthorization: Bearer {{all}}\nContent-Type: application/json\nContent-Length: 14, 14\n\n{Prompt}", NoHttp),
        new("Content-Length below zero", $"POST /v1/tasks HTTP/1.1\nHost: localhost\nAuthorization: Bearer {{all}}\nContent-Type: application/json\nContent-Length: -1\n\n{Prompt}", NoHttp),
        new("Content-Length larger than any number", $"POST /v1/tasks HTTP/1.1\nHost: localhost\nAuthorization: Bearer {{all}}\nContent-Type: application/json\nContent-Length: 99999999999999999999999\n\n{Prompt}", NoHttp),
        new("a transfer coding that is none", $"POST /v1/tasks HTTP/1.1\nHost: localhost\nAuthorization: Bearer {{all}}\nContent-Type: application/json\nTransfer-Encoding: xchunked\n\n0\n\n", NoHttp, "501"),
        new("chunked is not the last transfer coding", $"POST /v1/tasks HTTP/1.1\nHost: localhost\nAuthorization: Bearer {{all}}\nContent-Type: application/json\nTransfer-Encoding: chunked, identity\n\n0\n\n", NoHttp, "501"),
        new("chunked with a vertical tab before it", $"POST /v1/tasks HTTP/1.1\nHost: localhost\nAuthorization: Bearer {{all}}\nContent-Type: application/json\nTransfer-Encoding: \vchunked\n\n0\n\n", NoHttp, "501"),
        new("a chunk larger than any number", $"POST /v1/tasks HTTP/1.1\nHost: localhost\nConnection: close\nAuthorization: Bearer {{all}}\nContent-Type: application/json\nTransfer-Encoding: chunked\n\nFFFFFFFFFFFFFFFFF\n{Prompt}\n0\n\n", "400 bad-request"),
        new("a chunk whose length is no number", $"POST /v1/tasks HTTP/1.1\nHost: localhost\nConnection: close\nAuthorization: Bearer {{all}}\nContent-Type: application/json\nTransfer-Encoding: chunked\n\nxyz\n{Prompt}\n0\n\n", "400 bad-request"),
        new("a folded header", Plain("GET", "/v1/tasks", "{all}", "X-A: 1\n folded: 2\n"), NoHttp),
        new("a blank before the colon", Plain("GET", "/v1/tasks", "{all}", "Transfer-Encoding : chunked\n"), NoHttp),
        new("a blank in a header's name", Plain("GET", "/v1/tasks", "{all}", "X A: 1\n"), NoHttp),
        new("a header without a name", Plain("GET", "/v1/tasks", "{all}", ": 1\n"), NoHttp),
        new("a NUL in a header", Plain("GET", "/v1/tasks", "{all}", "X-A: \uE000\n"), NoHttp),
        new("a line end in the path", "GET /v1/tasks%0d%0aX-A:%201/x HTTP/1.1\nHost: localhost\nConnection: close\nAuthorization: Bearer {all}\n\n", NotFound) { Never = "X-A" },
        new("no Host", "GET /v1/tasks HTTP/1.1\nConnection: close\nAuthorization: Bearer {all}\n\n", NoHttp),
        new("two Hosts", "GET /v1/tasks HTTP/1.1\nHost: localhost\nHost: evil.example\nConnection: close\nAuthorization: Bearer {all}\n\n", NoHttp),
        new("a Host that is none", "GET /v1/tasks HTTP/1.1\nHost: evil.example/x?y\nConnection: close\nAuthorization: Bearer {all}\n\n", NoHttp),
        new("a Host unlike the address of the request", "GET http://evil.example/v1/tasks HTTP/1.1\nHost: localhost\nConnection: close\nAuthorization: Bearer {all}\n\n", NoHttp),
        new("a version that is none", "GET /v1/tasks HTTP/9.9\nHost: localhost\nConnection: close\nAuthorization: Bearer {all}\n\n", "505", NoHttp),
        new("the preface of HTTP/2, and a flood of frames behind it", "PRI * HTTP/2.0\n\nSM\n\n" + string.Concat(Enumerable.Repeat("\uE000\uE000\uE004\uE003\uE000\uE000\uE000\uE000\uE001\uE000\uE000\uE000\uE008", 2_000)), NoHttp, "505", Closed),
        new("CONNECT", "CONNECT 127.0.0.1:22 HTTP/1.1\nHost: 127.0.0.1:22\nConnection: close\nAuthorization: Bearer {all}\n\n", NotFound, "405 method-not-allowed", NoHttp),
        new("TRACE", Plain("TRACE", "/v1/tasks", "{all}", "X-Secret: s3cret\n"), "405 method-not-allowed") { Never = "s3cret" },
        new("another method in a header", Plain("GET", "/v1/keys/x", "{all}", "X-HTTP-Method-Override: DELETE\nX-Method-Override: DELETE\n"), "405 method-not-allowed"),
    ];

    public static IReadOnlyList<Try> Paths { get; } =
    [
        new("a path upwards, as it is", Plain("GET", "/v1/tasks/{done}/artifacts/../../../../../../etc/passwd", "{all}"), NotFound, Unauthorized),
        new("a path upwards, escaped", Plain("GET", "/v1/tasks/{done}/artifacts/..%2F..%2F..%2Fetc%2Fpasswd", "{all}"), BadName),
        new("a path upwards, dots escaped", Plain("GET", "/v1/tasks/{done}/artifacts/%2e%2e%2f%2e%2e%2fetc%2fpasswd", "{all}"), BadName),
        new("a path upwards, escaped twice", Plain("GET", "/v1/tasks/{done}/artifacts/%252e%252e%252fetc%252fpasswd", "{all}"), BadName),
        new("a path upwards, in overlong UTF-8", Plain("GET", "/v1/tasks/{done}/artifacts/%c0%ae%c0%ae%c0%afetc%c0%afpasswd", "{all}"), BadName, NoHttp),
        new("a path upwards, with backslashes", Plain("GET", "/v1/tasks/{done}/artifacts/..%5c..%5cetc%5cpasswd", "{all}"), BadName),
        new("a path upwards, with a parameter", Plain("GET", "/v1/tasks/{done}/artifacts/..;%2fetc%2fpasswd", "{all}"), BadName),
        new("a path from the root", Plain("GET", "/v1/tasks/{done}/artifacts/%2Fetc%2Fpasswd", "{all}"), BadName),
        new("a name with NUL", Plain("GET", "/v1/tasks/{done}/artifacts/log%00.txt", "{all}"), BadName, NoHttp),
        new("a name with a line end", Plain("GET", "/v1/tasks/{done}/artifacts/log%0a", "{all}"), BadName),
        new("a name that is a dot", Plain("GET", "/v1/tasks/{done}/artifacts/%2e", "{all}"), BadName, "200") { Never = "root:x" },
        new("a name of 5,000 characters", Plain("GET", "/v1/tasks/{done}/artifacts/" + new string('a', 5_000), "{all}"), BadName),
        new("the checkpoint of the workers", Plain("GET", "/v1/tasks/{task}/artifacts/checkpoint-1", "{all}"), "404 artifact-not-found"),
        new("storing upwards", Json("PUT", "/v1/leases/{task}/artifacts/..%2F..%2Fevil", "{token}", "x"), BadName),
        new("storing from the root", Json("PUT", "/v1/leases/{task}/artifacts/%2Ftmp%2Fevil", "{token}", "x"), BadName),
        new("storing a hidden file", Json("PUT", "/v1/leases/{task}/artifacts/.profile", "{token}", "x"), BadName),
        new("a file of the server's by its address", Plain("GET", "/appsettings.json", "{all}"), NotFound),
        new("a file beside the page", Plain("GET", "/page/..%2f..%2fappsettings.json", "{all}"), NotFound),
        new("a repository on the server's disk", Json("POST", "/v1/tasks", "{all}", """{"prompt":"x","repository":{"url":"file:///etc"}}"""), "400 invalid-field", "400 repository-not-allowed"),
        new("a repository that is a command", Json("POST", "/v1/tasks", "{all}", """{"prompt":"x","repository":{"url":"ext::sh -c id"}}"""), "400 invalid-field"),
        new("a repository that is an option", Json("POST", "/v1/tasks", "{all}", """{"prompt":"x","repository":{"url":"--upload-pack=id"}}"""), "400 invalid-field"),
        new("a ref that is an option", Json("POST", "/v1/tasks", "{all}", """{"prompt":"x","repository":{"url":"https://example.org/a.git","ref":"--upload-pack=id"}}"""), "400 invalid-field"),
        new("a branch that goes upwards", Json("POST", "/v1/tasks", "{all}", """{"prompt":"x","delivery":{"branch":"../../x"}}"""), "400 invalid-field"),
    ];

    public static IReadOnlyList<Try> Bombs { get; } =
    [
        new("a packed body", Json("POST", "/v1/tasks", "{all}", Prompt, "Content-Encoding: gzip\n"), "415 unsupported-content-encoding"),
        new("a body packed twice", Json("POST", "/v1/tasks", "{all}", Prompt, "Content-Encoding: br, gzip\n"), "415 unsupported-content-encoding"),
        new("arrays 100,000 deep", Json("POST", "/v1/tasks", "{all}", new string('[', 100_000)), "400 invalid-json"),
        new("objects 100,000 deep in a field", Json("POST", "/v1/leases/{task}/events", "{token}", """{"first":0,"events":[{"at":"2026-01-01T00:00:00Z","type":"output","data":""" + string.Concat(Enumerable.Repeat("{\"a\":", 100_000))), "400 invalid-json"),
        new("a number of 100,000 digits", Json("POST", "/v1/tasks", "{all}", $$"""{"prompt":"x","priority":{{new string('9', 100_000)}}}"""), "400 invalid-field"),
        new("a number with a huge exponent", Json("POST", "/v1/tasks", "{all}", """{"prompt":"x","limits":{"costUsd":1e999999999}}"""), "400 invalid-field"),
        new("100,000 unknown fields", Json("POST", "/v1/tasks", "{all}", $$"""{"prompt":"x",{{string.Join(',', Enumerable.Range(0, 100_000).Select(i => string.Create(CultureInfo.InvariantCulture, $"\"k{i}\":0")))}}}"""), "400 unknown-field"),
        new("a field twice", Json("POST", "/v1/tasks", "{all}", """{"prompt":"x","prompt":"y"}"""), "400 invalid-json", "400 invalid-field"),
        new("100,000 labels", Json("POST", "/v1/tasks", "{all}", $$$"""{"prompt":"x","labels":{{{{string.Join(',', Enumerable.Range(0, 100_000).Select(i => string.Create(CultureInfo.InvariantCulture, $"\"k{i}\":\"\"")))}}}}}"""), "400 invalid-field"),
        new("a body of 3 MB", Json("POST", "/v1/tasks", "{all}", $$"""{"prompt":"{{new string('x', 3_000_000)}}"}"""), "413 content-too-large"),
        new("a prompt of half a surrogate", Json("POST", "/v1/tasks", "{all}", """{"prompt":"\ud800"}"""), "400 invalid-field", "400 invalid-json"),
        new("a prompt with NUL", Json("POST", "/v1/tasks", "{all}", """{"prompt":"a\u0000b"}"""), "400 invalid-field"),
        new("bytes that are no UTF-8", "POST /v1/tasks HTTP/1.1\nHost: localhost\nConnection: close\nAuthorization: Bearer {all}\nContent-Type: application/json\nContent-Length: 15\n\n{\"prompt\":\"\uE0FF\uE0FE\"}", "400 invalid-json", "400 invalid-field"),
        new("a header of 100 KB", Plain("GET", "/v1/tasks", "{all}", $"X-A: {new string('x', 100_000)}\n"), "431"),
        new("1,000 headers", Plain("GET", "/v1/tasks", "{all}", string.Concat(Enumerable.Range(0, 1_000).Select(i => string.Create(CultureInfo.InvariantCulture, $"X-{i}: 0\n")))), "431"),
        new("an address of 100 KB", Plain("GET", "/v1/tasks?cursor=" + new string('a', 100_000), "{all}"), "414"),
        new("100,000 query parameters", Plain("GET", "/v1/tasks?" + string.Join('&', Enumerable.Repeat("label=a:b", 100_000)), "{all}"), "414"),
        new("1,000 query parameters that are not known", Plain("GET", "/v1/tasks?" + string.Join('&', Enumerable.Range(0, 1_000).Select(i => string.Create(CultureInfo.InvariantCulture, $"k{i}=0"))), "{all}"), "400 unknown-parameter"),
        new("a page of a billion", Plain("GET", "/v1/tasks?limit=1000000000", "{all}"), "400 invalid-field"),
        new("events after the end of numbers", Plain("GET", "/v1/tasks/{done}/events?after=99999999999999999999", "{all}"), "400 invalid-field"),
        new("a batch of 5,000 events", Json("POST", "/v1/leases/{task}/events", "{token}", $$"""{"first":0,"events":[{{string.Join(',', Enumerable.Repeat("""{"at":"2026-01-01T00:00:00Z","type":"output","data":{}}""", 5_000))}}]}"""), "400 invalid-field"),
        new("a worker reports what only the Api decides", Json("POST", "/v1/leases/{task}/events", "{token}", """{"first":0,"events":[{"at":"2026-01-01T00:00:00Z","type":"task.succeeded","data":{}}]}"""), "400 invalid-field"),
        new("a body that never comes, announced", "POST /v1/tasks HTTP/1.1\nHost: localhost\nConnection: close\nAuthorization: Bearer {all}\nContent-Type: application/json\nContent-Length: 99999999\n\n", "413 content-too-large"),
    ];

    public static IReadOnlyList<Try> Browsers { get; } =
    [
        new("a form of another site", "POST /v1/tasks HTTP/1.1\nHost: localhost\nConnection: close\nOrigin: http://evil.example\nCookie: session=1\nContent-Type: application/x-www-form-urlencoded\nContent-Length: 8\n\nprompt=x", Unauthorized),
        new("a form of another site that looks like JSON", "POST /v1/tasks HTTP/1.1\nHost: localhost\nConnection: close\nOrigin: http://evil.example\nAuthorization: Bearer {all}\nContent-Type: text/plain\nContent-Length: 14\n\n{\"prompt\":\"x\"}", "415 unsupported-media-type"),
        new("another site asks whether it may", "OPTIONS /v1/tasks HTTP/1.1\nHost: localhost\nConnection: close\nOrigin: http://evil.example\nAccess-Control-Request-Method: POST\nAccess-Control-Request-Headers: authorization\n\n", Unauthorized, "405 method-not-allowed") { Never = "Access-Control-Allow" },
        new("a link in a callback", Json("POST", "/v1/tasks", "{all}", """{"prompt":"x","callback":"http://169.254.169.254/latest"}"""), "400 invalid-field", "400 callback-not-allowed"),
    ];
}
