using System.Text.Json;

namespace CodeAgent.Api.Tests.Hostile.Fuzz;

/// <summary>One operation of the OpenAPI document.</summary>
/// <param name="Method">In upper case.</param>
/// <param name="Path">With its parameters in braces.</param>
/// <param name="Query">Names of its query parameters.</param>
/// <param name="Body">Media type and schema of its body; null where it has none.</param>
internal sealed record Operation(string Method, string Path, IReadOnlyList<string> Query, (string MediaType, JsonElement Schema)? Body)
{
    /// <summary>Whether the answer may wait for something to happen.</summary>
    public bool MayWait => Path.EndsWith("/leases", StringComparison.Ordinal) || Path.EndsWith("/heartbeat", StringComparison.Ordinal);

    // After these, nobody would be there for what comes next.
    private static readonly string[] Ends = ["/stop", "/restart", "/v1/operations/drain", "/v1/operations/restart"];

    /// <summary>All operations of a document, but for those that end the server.</summary>
    public static IReadOnlyList<Operation> ReadAll(JsonElement document) =>
    [
        .. from path in document.GetProperty("paths").EnumerateObject()
           where !Ends.Contains(path.Name)
           from operation in path.Value.EnumerateObject()
           let parameters = operation.Value.TryGetProperty("parameters", out var list) ? list.EnumerateArray().ToList() : []
           select new Operation(operation.Name.ToUpperInvariant(), path.Name,
               [.. parameters.Where(p => p.GetProperty("in").GetString() == "query").Select(p => p.GetProperty("name").GetString()!)],
               operation.Value.TryGetProperty("requestBody", out var body) ? Content(body) : null),
    ];

    private static (string MediaType, JsonElement Schema)? Content(JsonElement body)
    {
        var content = body.GetProperty("content").EnumerateObject().First();
        return (content.Name, content.Value.GetProperty("schema"));
    }
}
