using System.Text;

namespace CodeAgent.Api.Tests.Hostile;

/// <summary>Something that nobody should get away with.</summary>
/// <param name="Name">What is tried.</param>
/// <param name="Request">The request, as it goes over the wire. <c>{task}</c>, <c>{done}</c>, <c>{read}</c> and the like are filled in by <see cref="HostileTests"/>; line ends are made CR LF.</param>
/// <param name="Refusal">The status, and the type of the problem where the refusal is the Api's own. Several where several are right.</param>
internal sealed record Try(string Name, string Request, params string[] Refusal)
{
    /// <summary>What must not be in the answer.</summary>
    public string Never { get; init; } = "root:x:0";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<Try> All { get; } = [.. Tries.Tokens, .. Tries.Scopes, .. Tries.Tenants, .. Tries.Smuggling, .. Tries.Paths, .. Tries.Bombs, .. Tries.Browsers];

    /// <summary>The name, so that a test's name tells what it tries.</summary>
    public override string ToString() => Name;

    /// <summary>A request with a JSON body.</summary>
    public static string Json(string method, string path, string key, string body, string headers = "") =>
        $"{method} {path} HTTP/1.1\nHost: localhost\nConnection: close\nAuthorization: Bearer {key}\nContent-Type: application/json\n{headers}Content-Length: {Encoding.UTF8.GetByteCount(body)}\n\n{body}";

    /// <summary>A request without a body.</summary>
    public static string Plain(string method, string path, string key, string headers = "") =>
        $"{method} {path} HTTP/1.1\nHost: localhost\nConnection: close\nAuthorization: Bearer {key}\n{headers}{(method == "GET" ? "" : "Content-Length: 0\n")}\n";
}
