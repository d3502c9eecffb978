using System.Text.Json;

namespace CodeAgent.LlmGateway.Protocols.Gemini;

/// <summary>Looks on at Google's answers. The pieces of a stream are large and few, and each has the counts: each is read through once.</summary>
internal sealed class GeminiWatch : AnswerWatch
{
    private long _prompt;
    private long _cached;
    private long _toolUse;
    private long _candidates;
    private long _thoughts;
    private bool _hasUsage;
    private bool _hasEnded;

    /// <remarks>Each piece of a stream has the counts so far; those with the reason for the end are the last.</remarks>
    public override bool HasFinalUsage => _hasUsage && _hasEnded;

    public override void Data(ReadOnlySpan<byte> data)
    {
        try
        {
            Look(data);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // What is no JSON goes through without being understood.
        }
    }

    public override void Whole(ReadOnlySpan<byte> json) => Data(json);

    private void Look(ReadOnlySpan<byte> data)
    {
        var reader = new Utf8JsonReader(data, new() { MaxDepth = 512 });
        while (reader.Read())
        {
            if (reader.TokenType != JsonTokenType.PropertyName)
            {
                continue;
            }

            if (reader.CurrentDepth == 1 && reader.ValueTextEquals("error"u8))
            {
                Error ??= GeminiErrors.Read(StatusCodes.Status500InternalServerError, data);
            }
            else if (reader.CurrentDepth == 1 && reader.ValueTextEquals("modelVersion"u8))
            {
                Model ??= String(ref reader);
            }
            else if (reader.CurrentDepth == 1 && reader.ValueTextEquals("usageMetadata"u8))
            {
                Counts(ref reader);
            }
            else if (reader.CurrentDepth == 1 && (reader.ValueTextEquals("totalTokens"u8) || reader.ValueTextEquals("embedding"u8) || reader.ValueTextEquals("embeddings"u8)))
            {
                // What countTokens and embedContent answer.
                IsComplete = true;
            }
            else if (reader.ValueTextEquals("text"u8) || reader.ValueTextEquals("finishReason"u8) || reader.ValueTextEquals("blockReason"u8))
            {
                Said(ref reader);
            }
            else if (reader.ValueTextEquals("functionCall"u8) || reader.ValueTextEquals("inlineData"u8))
            {
                Content(ref reader);
            }
        }

        _hasEnded |= IsComplete;
        IsComplete &= Error is null;
    }

    private void Said(ref Utf8JsonReader reader)
    {
        var (isText, isReason) = (reader.ValueTextEquals("text"u8), reader.ValueTextEquals("finishReason"u8));
        reader.Read();
        if (reader.TokenType != JsonTokenType.String)
        {
            reader.Skip();
        }
        else if (isText)
        {
            HasContent |= reader.ValueSpan.Length > 0;
            ContentBytes += reader.ValueSpan.Length;
        }
        else
        {
            IsComplete = true;
            if (isReason && !reader.ValueTextEquals("STOP"u8) && reader.GetString() is { } reason && GeminiReasons.Of(reason) is null)
            {
                // The answer came to nothing, and can be asked again.
                Error ??= new(StatusCodes.Status502BadGateway, reason.ToLowerInvariant(), $"The provider ended its answer with {reason}.");
            }
        }
    }

    // Skipped as a whole: arguments may have any names in them, such as "text".
    private void Content(ref Utf8JsonReader reader)
    {
        reader.Read();
        var start = reader.TokenStartIndex;
        reader.Skip();
        HasContent = true;
        ContentBytes += reader.BytesConsumed - start;
    }

    private void Counts(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("promptTokenCount"u8))
            {
                _prompt = Number(ref reader);
            }
            else if (reader.ValueTextEquals("cachedContentTokenCount"u8))
            {
                _cached = Number(ref reader);
            }
            else if (reader.ValueTextEquals("toolUsePromptTokenCount"u8))
            {
                _toolUse = Number(ref reader);
            }
            else if (reader.ValueTextEquals("candidatesTokenCount"u8))
            {
                _candidates = Number(ref reader);
            }
            else if (reader.ValueTextEquals("thoughtsTokenCount"u8))
            {
                _thoughts = Number(ref reader);
            }
            else
            {
                reader.Read();
                reader.Skip();
                continue;
            }

            _hasUsage = true;
        }

        Usage = _hasUsage ? new(_prompt + _toolUse, _cached, _candidates + _thoughts, _thoughts) : Usage;
    }

    private static long Number(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var number))
        {
            return number;
        }

        reader.Skip();
        return 0;
    }

    private static string? String(ref Utf8JsonReader reader)
    {
        reader.Read();
        return reader.TokenType == JsonTokenType.String ? reader.GetString() : null;
    }
}
