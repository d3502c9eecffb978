using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http.Features;

namespace CodeAgent.ServiceDefaults.Problems;

/// <summary>Reads a request's JSON so that what is wrong with it can be said exactly.</summary>
public static partial class JsonBody
{
    /// <summary>Reads the body as <typeparamref name="T"/>.</summary>
    /// <param name="request">The request.</param>
    /// <param name="type">How to read it.</param>
    /// <param name="limit">Longest body that is read, in bytes.</param>
    /// <exception cref="ProblemException">413 where it is longer than <paramref name="limit"/>, 415 where it is no JSON by its media type or is packed, 400 where it does not fit.</exception>
    public static async Task<T> ReadAsync<T>(HttpRequest request, JsonTypeInfo<T> type, long limit)
    {
        if (!request.HasJsonContentType())
        {
            throw new ProblemException("unsupported-media-type", StatusCodes.Status415UnsupportedMediaType,
                "The body must be JSON, sent with Content-Type: application/json.");
        }

        // Nothing is unpacked here, so that a small body stays a small one.
        if (request.Headers.ContentEncoding is { Count: > 0 } encoding && encoding.ToString() is not ("" or "identity"))
        {
            throw new ProblemException("unsupported-content-encoding", StatusCodes.Status415UnsupportedMediaType,
                "The body must be sent as it is, without Content-Encoding.");
        }

        LiftServerLimit(request, limit);
        try
        {
            await using var body = new LimitedStream(request.Body, limit, () => TooLarge(limit));
            return await JsonSerializer.DeserializeAsync(body, type, request.HttpContext.RequestAborted)
                ?? throw new ProblemException("invalid-json", StatusCodes.Status400BadRequest, "The body is null where an object was expected.");
        }
        catch (JsonException e)
        {
            throw Explain(e);
        }
    }

    /// <summary>Reads the whole body into memory, where it can be read again by whoever reads it next.</summary>
    /// <param name="request">The request.</param>
    /// <param name="limit">Longest body that is read, in bytes.</param>
    /// <exception cref="ProblemException">413 where it is longer than <paramref name="limit"/>.</exception>
    public static async Task<ReadOnlyMemory<byte>> BufferAsync(HttpRequest request, long limit)
    {
        LiftServerLimit(request, limit);
        var whole = new MemoryStream((int)(request.ContentLength ?? 0));
        await using (var body = new LimitedStream(request.Body, limit, () => TooLarge(limit)))
        {
            await body.CopyToAsync(whole, request.HttpContext.RequestAborted);
        }

        whole.Position = 0;
        request.Body = whole;
        return whole.GetBuffer().AsMemory(0, (int)whole.Length);
    }

    private static void LiftServerLimit(HttpRequest request, long limit)
    {
        // The server's own limit would cut the connection, and most clients would see that rather than the answer. Without it,
        // the server answers, and then reads the rest away for a few seconds.
        if (request.HttpContext.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = null;
        }

        if (request.ContentLength > limit)
        {
            throw TooLarge(limit);
        }
    }

    private static ProblemException TooLarge(long limit) => new("content-too-large", StatusCodes.Status413PayloadTooLarge,
        $"The body is longer than the {limit:N0} bytes that are read here.");

    // The serializer's own texts name .NET types; a client knows only its JSON.
    private static ProblemException Explain(JsonException e)
    {
        var field = e.Path is { Length: > 2 } path ? path[2..] : null;
        if (UnknownMember().Match(e.Message) is { Success: true } unknown)
        {
            var name = unknown.Groups["name"].Value;
            field = field is null || field == name ? name : field.EndsWith('.' + name, StringComparison.Ordinal) ? field : $"{field}.{name}";
            return new("unknown-field", StatusCodes.Status400BadRequest, $"There is no field '{field}' here.") { Field = field };
        }

        if (MissingMembers().Match(e.Message) is { Success: true } missing)
        {
            var name = missing.Groups["name"].Value;
            field = field is null ? name : $"{field}.{name}";
            return new("missing-field", StatusCodes.Status400BadRequest, $"The field '{field}' is required.") { Field = field };
        }

        if (NullValue().Match(e.Message) is { Success: true } nothing)
        {
            field ??= nothing.Groups["name"].Value;
        }

        // What the reader itself could not make sense of comes wrapped; everything else is a value that does not fit its field.
        return field is not null && e.InnerException is not JsonException
            ? new("invalid-field", StatusCodes.Status400BadRequest, $"The field '{field}' has a value of the wrong type or one that is not offered.") { Field = field }
            : new("invalid-json", StatusCodes.Status400BadRequest,
                $"The body is not the JSON object that is expected: line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}.");
    }

    [GeneratedRegex("The JSON property '(?<name>[^']+)' could not be mapped")]
    private static partial Regex UnknownMember();

    [GeneratedRegex("(?:property or field|parameter) '(?<name>[^']+)' on type .* doesn't allow")]
    private static partial Regex NullValue();

    [GeneratedRegex("missing required properties[^:]*: '?(?<name>[^',;]+)")]
    private static partial Regex MissingMembers();
}
