using System.Globalization;
using System.Text.Json;
using CodeAgent.ServiceDefaults.Problems;

namespace CodeAgent.LlmGateway.Calls;

/// <summary>
/// What is read of a request's body, in one pass without building anything from it. The whole body is read, not just up to the
/// model: what is not valid is refused here rather than at the provider, and a second "model" further on must not be the one
/// that counts there.
/// </summary>
internal readonly record struct RequestScan
{
    public const int Deepest = 512;
    private const int MostChoices = 1024;
    private const double MostTokens = 1e15;
    private static readonly JsonReaderOptions Strict = new() { MaxDepth = Deepest };
    private static readonly JsonReaderState AfterProperty = StateAfterProperty();

    public string? Model { get; private init; }

    public (int Start, int End)? ModelToken { get; private init; }

    /// <summary>The model's name where it stands again inside Google's requests: in each of a batch, and in one whose tokens are counted.</summary>
    public IReadOnlyList<(int Start, int End)> InnerModels { get; private init; }

    /// <summary>Whether it is a list of requests.</summary>
    public bool IsBatch { get; private init; }

    public bool IsStream { get; private init; }

    /// <summary>The largest limit of the answer; null where there is none, or one that some provider may take for none (-1, 0).</summary>
    public long? MaxOutputTokens => IsUnlimited ? null : LargestLimit;

    private long? LargestLimit { get; init; }

    private bool IsUnlimited { get; init; }

    public int Choices { get; private init; }

    public bool AsksForUsage { get; private init; }

    public string? PromptCacheKey { get; private init; }

    /// <summary>OpenAI's <c>background</c>: the answer is to be fetched later.</summary>
    public bool IsBackground { get; private init; }

    /// <summary>Anthropic's <c>metadata.user_id</c>, which names the session too.</summary>
    public string? UserId { get; private init; }

    /// <summary>Where the list of messages begins (<c>messages</c>, <c>input</c> or <c>contents</c>); 0 where there is none.</summary>
    public int Messages { get; private init; }

    /// <summary>The change of the body that makes it ask for what a stream of chat completions used.</summary>
    public (int Start, int End, byte[] Text) UsageWish { get; private init; }

    /// <summary>Where in the body the reader began; the positions that it tells count from here.</summary>
    private int Offset { get; init; }

    /// <exception cref="JsonException">It is no JSON.</exception>
    /// <exception cref="ProblemException">400: it is no object, its model is no text, or a name in it is none.</exception>
    public static RequestScan Read(ReadOnlySpan<byte> body)
    {
        try
        {
            return Read(body, skips: true);
        }
        catch (JsonException)
        {
            // What is wrong is to be told with its line, and who skips counts none.
            return Read(body, skips: false);
        }
        catch (InvalidOperationException)
        {
            throw new ProblemException("invalid-json", StatusCodes.Status400BadRequest, "The name of a field has half a character in it (\\ud800 to \\udfff alone).");
        }
    }

    private static RequestScan Read(ReadOnlySpan<byte> body, bool skips)
    {
        var reader = new Utf8JsonReader(body, Strict);
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw new ProblemException("invalid-json", StatusCodes.Status400BadRequest, "The body must be a JSON object.");
        }

        var afterBrace = (int)reader.BytesConsumed;
        var scan = new RequestScan { Choices = 1, InnerModels = [], UsageWish = (afterBrace, afterBrace, """
            "stream_options":{"include_usage":true},
            """u8.ToArray()) };
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            scan = scan.Property(ref reader, skips ? body : []);
        }

        // Anything after the object's end is an error of the reader's.
        reader.Read();
        return scan;
    }

    public static ProblemException InvalidModel() => new("invalid-field", StatusCodes.Status400BadRequest,
        "'model' must be there once, as a string: a name of GET /v1/models, or 'default'.")
    { Field = "model" };

    // After any property of the body's object, before the comma or the end.
    private static JsonReaderState StateAfterProperty()
    {
        var reader = new Utf8JsonReader("""{"a":null,"""u8, isFinalBlock: false, new JsonReaderState(Strict));
        while (reader.TokenType != JsonTokenType.Null)
        {
            reader.Read();
        }

        return reader.CurrentState;
    }

    private RequestScan Property(ref Utf8JsonReader reader, ReadOnlySpan<byte> body)
    {
        var next = this;
        if (reader.ValueTextEquals("model"u8))
        {
            reader.Read();
            next = Model is null && Text(ref reader) is { } model
                ? this with { Model = model, ModelToken = (Offset + (int)reader.TokenStartIndex, Offset + (int)reader.BytesConsumed) }
                : throw InvalidModel();
        }
        else if (reader.ValueTextEquals("stream"u8))
        {
            reader.Read();
            next = this with { IsStream = reader.TokenType == JsonTokenType.True };
        }
        else if (reader.ValueTextEquals("max_tokens"u8) || reader.ValueTextEquals("max_completion_tokens"u8) || reader.ValueTextEquals("max_output_tokens"u8))
        {
            reader.Read();
            next = Limited(Number(ref reader));
        }
        else if (reader.ValueTextEquals("n"u8))
        {
            reader.Read();
            next = this with { Choices = More(Choices, Number(ref reader)) };
        }
        else if (reader.ValueTextEquals("background"u8))
        {
            reader.Read();
            next = this with { IsBackground = reader.TokenType == JsonTokenType.True };
        }
        else if (reader.ValueTextEquals("prompt_cache_key"u8))
        {
            reader.Read();
            next = this with { PromptCacheKey = Text(ref reader) };
        }
        else if (reader.ValueTextEquals("metadata"u8))
        {
            reader.Read();
            return Metadata(ref reader);
        }
        else if (reader.ValueTextEquals("stream_options"u8))
        {
            reader.Read();
            return StreamOptions(ref reader);
        }
        else if (reader.ValueTextEquals("generationConfig"u8) || reader.ValueTextEquals("generation_config"u8))
        {
            reader.Read();
            return GenerationConfig(ref reader);
        }
        else if (reader.ValueTextEquals("requests"u8) || reader.ValueTextEquals("generateContentRequest"u8))
        {
            reader.Read();
            return Inner(ref reader);
        }
        else
        {
            return Pass(ref reader, body);
        }

        reader.Skip();
        return next;
    }

    // Of several limits nobody here knows which one the provider goes by.
    private RequestScan Limited(double? limit) => limit switch
    {
        null => this,
        >= 1 => this with { LargestLimit = Math.Max(LargestLimit ?? 1, (long)Math.Ceiling(Math.Min(limit.Value, MostTokens))) },
        _ => this with { IsUnlimited = true },
    };

    private static int More(int choices, double? asked) => asked >= 1 ? Math.Max(choices, (int)Math.Ceiling(Math.Min(asked.Value, MostChoices))) : choices;

    // What is not looked into is most of the body, so it is passed over fast.
    private RequestScan Pass(ref Utf8JsonReader reader, ReadOnlySpan<byte> body)
    {
        LookAlikes.Refuse(ref reader);
        var isMessages = reader.ValueTextEquals("messages"u8) || reader.ValueTextEquals("input"u8) || reader.ValueTextEquals("contents"u8);
        var start = Offset + (int)reader.BytesConsumed;
        var next = isMessages ? this with { Messages = start } : this;
        if (!body.IsEmpty && JsonSkip.End(body, start) is var end and >= 0)
        {
            reader = new Utf8JsonReader(body[end..], isFinalBlock: true, AfterProperty);
            return next with { Offset = end };
        }

        reader.Read();
        reader.Skip();
        return next;
    }

    // { "requests": [ { "model": "models/…", … } ] } or { "generateContentRequest": { "model": "models/…", … } }
    private RequestScan Inner(ref Utf8JsonReader reader)
    {
        var (isList, depth) = (reader.TokenType == JsonTokenType.StartArray, reader.CurrentDepth);
        if (!isList && reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return this;
        }

        List<(int, int)> found = [];
        while (reader.Read() && reader.CurrentDepth > depth)
        {
            if (reader.TokenType == JsonTokenType.PropertyName && reader.CurrentDepth == depth + (isList ? 2 : 1) && reader.ValueTextEquals("model"u8) && reader.Read() && reader.TokenType == JsonTokenType.String)
            {
                found.Add((Offset + (int)reader.TokenStartIndex, Offset + (int)reader.BytesConsumed));
            }
        }

        return this with { InnerModels = found, IsBatch = isList };
    }

    private RequestScan StreamOptions(ref Utf8JsonReader reader)
    {
        var (start, wanted) = (Offset + (int)reader.TokenStartIndex, false);
        var inside = reader.TokenType == JsonTokenType.StartObject;
        if (!inside)
        {
            reader.Skip();
        }

        var afterBrace = Offset + (int)reader.BytesConsumed;
        var isEmpty = true;
        (int Start, int End)? wish = null;
        while (inside && reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            isEmpty = false;
            var isWish = reader.ValueTextEquals("include_usage"u8);
            reader.Read();
            wanted |= isWish && reader.TokenType == JsonTokenType.True;
            wish = isWish ? (Offset + (int)reader.TokenStartIndex, Offset + (int)reader.BytesConsumed) : wish;
            reader.Skip();
        }

        // "include_usage": false is made true; an object without it gets it; what is no object is replaced.
        return this with
        {
            AsksForUsage = wanted,
            UsageWish = !inside ? (start, afterBrace, """{"include_usage":true}"""u8.ToArray())
                : wish is { } token ? (token.Start, token.End, "true"u8.ToArray())
                : (afterBrace, afterBrace, isEmpty ? "\"include_usage\":true"u8.ToArray() : "\"include_usage\":true,"u8.ToArray()),
        };
    }

    private RequestScan Metadata(ref Utf8JsonReader reader)
    {
        var next = this;
        var inside = reader.TokenType == JsonTokenType.StartObject;
        while (inside && reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isUser = reader.ValueTextEquals("user_id"u8);
            reader.Read();
            next = isUser ? next with { UserId = Text(ref reader) ?? next.UserId } : next;
            reader.Skip();
        }

        reader.Skip();
        return next;
    }

    private RequestScan GenerationConfig(ref Utf8JsonReader reader)
    {
        var next = this;
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return next;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isLimit = reader.ValueTextEquals("maxOutputTokens"u8) || reader.ValueTextEquals("max_output_tokens"u8);
            var isCount = reader.ValueTextEquals("candidateCount"u8) || reader.ValueTextEquals("candidate_count"u8);
            reader.Read();
            next = isLimit ? next.Limited(Number(ref reader))
                : isCount ? next with { Choices = More(next.Choices, Number(ref reader)) }
                : next;
            reader.Skip();
        }

        return next;
    }

    // Null where it is none, or has half a character in it, which the reader refuses.
    private static string? Text(ref Utf8JsonReader reader)
    {
        try
        {
            return reader.TokenType == JsonTokenType.String ? reader.GetString() : null;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    // Some providers read 2.0, 2e0, "2" and "2_0" as numbers, and what they would read is reserved for. NaN where it is none.
    private static double? Number(ref Utf8JsonReader reader) => reader.TokenType switch
    {
        JsonTokenType.Null => null,
        JsonTokenType.Number => reader.GetDouble(),
        _ => double.TryParse(Text(ref reader)?.Replace("_", "", StringComparison.Ordinal), NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : double.NaN,
    };
}
