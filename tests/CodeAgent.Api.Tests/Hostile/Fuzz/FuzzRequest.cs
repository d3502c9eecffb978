using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using FsCheck;
using FsCheck.Fluent;

namespace CodeAgent.Api.Tests.Hostile.Fuzz;

/// <summary>A request as it is made up, before it is known which tasks and keys there are: those are filled in by their places.</summary>
/// <param name="Operation">What it is meant for.</param>
/// <param name="Key">Which key.</param>
/// <param name="Task">Which task.</param>
/// <param name="Target">Path and query, <c>{task}</c> for the task.</param>
/// <param name="Headers">More headers, each with its line end.</param>
/// <param name="Body">The body; null for none.</param>
internal sealed partial record FuzzRequest(Operation Operation, int Key, int Task, string Target, string Headers, string? Body)
{
    /// <summary>Requests for these operations.</summary>
    public static Gen<FuzzRequest> For(JsonElement document, IReadOnlyList<Operation> operations)
    {
        var (right, near, wrong) = (new JsonGen(document, 0), new JsonGen(document, 6), new JsonGen(document, 40));
        return from operation in Gen.Elements(operations.ToArray())
               from key in Gen.Choose(0, 999)
               from task in Gen.Choose(0, 999)
               from target in Targets(operation)
               from headers in Gen.Frequency((3, Gen.Constant("")), (3, Texts.Header), (1, from one in Texts.Header from other in Texts.Header select one + other))
               from body in operation.Body is not { } content ? Gen.Frequency((8, Gen.Constant<string?>(null)), (1, Texts.Value.Select(value => (string?)value)))
                   : Gen.Frequency((6, right.Of(content.Schema)), (6, near.Of(content.Schema)), (3, wrong.Of(content.Schema)), (2, Texts.Value), (1, Texts.Text)).Select(text => (string?)text)
               from type in Gen.Frequency((12, Gen.Constant(operation.Body is { MediaType: var media } && media != "*/*" ? media : "application/octet-stream")),
                   (1, Gen.Elements("text/plain", "application/json; charset=utf-16", "application/json; charset=\"", "application/xml", "multipart/form-data", "application/vnd.a+json", "", "*/*", "\uE0FF")))
               select new FuzzRequest(operation, key, task, target, headers + (body is null ? "" : $"Content-Type: {type}\r\n"), body);
    }

    /// <summary>The request's bytes.</summary>
    public byte[] ToBytes(string? key, Guid task)
    {
        var body = Body is null ? [] : RawHttp.Bytes(Body);
        var length = Body is null && Operation.Method == "GET" ? "" : string.Create(CultureInfo.InvariantCulture, $"Content-Length: {body.Length}\r\n");
        var head = $"{Operation.Method} {Target.Replace("{task}", $"{task}", StringComparison.Ordinal)} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
            + (key is null ? "" : $"Authorization: Bearer {key}\r\n") + Headers + length + "\r\n";
        return [.. RawHttp.Bytes(head), .. body];
    }

    private static Gen<string> Targets(Operation operation)
    {
        var path = Parameter().Split(operation.Path).Select(part => part switch
        {
            "{id}" when operation.Path.StartsWith("/v1/tasks", StringComparison.Ordinal) => Gen.Frequency((12, Gen.Constant("{task}")), (1, Escaped)),
            "{taskId}" => Gen.Frequency((12, Gen.Constant("{task}")), (1, Escaped)),
            "{name}" => Gen.Frequency((4, Gen.Elements("log", "patch", "checkpoint-1")), (2, Escaped)),
            _ when part.StartsWith('{') => Escaped,
            _ => Gen.Constant(part),
        });
        var query = Gen.Frequency(
            (5, Gen.Constant("")),
            (4, operation.Query.Count == 0 ? Gen.Constant("") : from name in Gen.Elements(operation.Query.ToArray()) from value in Gen.Frequency((2, Gen.Elements("1", "100", "queued", "a:b", "")), (2, Escaped)) select $"?{name}={value}"),
            (1, Escaped.Select(text => "?" + text)),
            (1, Gen.Choose(2, 1_500).Select(count => "?" + string.Join('&', Enumerable.Repeat("label=a:b", count))[..Math.Min(7_000, (count * 10) - 1)])));
        return from parts in Gen.CollectToList(path) from rest in query select string.Concat(parts) + rest;
    }

    // Of a text at most what a request line may have, escaped as clients do it, but for those who don't.
    private static Gen<string> Escaped =>
        from text in Texts.Text
        from way in Gen.Choose(0, 9)
        let part = text.Length > 1_000 ? text[..1_000] : text
        select way > 1 ? string.Concat(RawHttp.Bytes(part).Select(b => string.Create(CultureInfo.InvariantCulture, $"%{b:X2}")))
            : Unsendable().Replace(part, "_");

    [GeneratedRegex("({[a-zA-Z]+})")]
    private static partial Regex Parameter();

    [GeneratedRegex("[^!-~]")]
    private static partial Regex Unsendable();
}
