using System.Text.Json;

namespace CodeAgent.LlmGateway.Protocols.Chat;

/// <summary>
/// Looks on at chat completions. An answer is whole when each of its choices has said why it ended: that is the model's word.
/// <c>[DONE]</c> is only the end of the transport, which not every server sends; it counts too, since some leave the reason out.
/// </summary>
internal sealed class ChatWatch : AnswerWatch
{
    // A bit for each choice; whoever asks for more than 64 has them counted as one.
    private ulong _seen, _finished;
    private bool _done;

    public override bool IsAtEnd => IsComplete && _done;

    // {"id":"…","model":"…","choices":[{"index":0,"delta":{…},"finish_reason":null}],"usage":null}
    public override void Data(ReadOnlySpan<byte> data)
    {
        if (data.SequenceEqual("[DONE]"u8))
        {
            _done = true;
        }
        else if (!data.IsEmpty && data[0] == (byte)'{')
        {
            Read(data);
        }

        IsComplete = Error is null && (_done || (_seen != 0 && _seen == _finished));
    }

    public override void Whole(ReadOnlySpan<byte> json)
    {
        Read(json);

        // One body is either all there or no JSON.
        IsComplete = Error is null && _seen != 0;
    }

    private void Read(ReadOnlySpan<byte> data)
    {
        var reader = new Utf8JsonReader(data, new JsonReaderOptions { MaxDepth = 512 });
        try
        {
            reader.Read();
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                Property(ref reader);
            }

            reader.Read();
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            Error ??= new(StatusCodes.Status502BadGateway, "invalid_answer", "The provider's answer is not valid JSON.");
        }
    }

    private void Property(ref Utf8JsonReader reader)
    {
        if (reader.ValueTextEquals("choices"u8))
        {
            reader.Read();
            if (reader.TokenType != JsonTokenType.StartArray)
            {
                reader.Skip();
                return;
            }

            while (reader.Read() && reader.TokenType == JsonTokenType.StartObject)
            {
                Choice(ref reader);
            }
        }
        else if (reader.ValueTextEquals("data"u8))
        {
            // A list of embeddings, which comes the same way.
            reader.Read();
            _seen |= reader.TokenType == JsonTokenType.StartArray ? 1UL : 0;
            reader.Skip();
        }
        else if (Model is null && reader.ValueTextEquals("model"u8))
        {
            reader.Read();

            // Azure's first piece has an empty one.
            Model = reader.TokenType == JsonTokenType.String && reader.GetString() is { Length: > 0 } model ? model : null;
            reader.Skip();
        }
        else if (reader.ValueTextEquals("usage"u8))
        {
            reader.Read();
            Usage = OpenAiUsage.Read(ref reader) ?? Usage;
        }
        else if (reader.ValueTextEquals("error"u8))
        {
            reader.Read();
            if (reader.TokenType != JsonTokenType.Null)
            {
                var error = JsonElement.ParseValue(ref reader);
                Error ??= OpenAiErrors.Read(StatusCodes.Status200OK, error);
            }
        }
        else
        {
            reader.Skip();
        }
    }

    private void Choice(ref Utf8JsonReader reader)
    {
        var (index, isFinished) = (0, false);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("index"u8))
            {
                reader.Read();
                index = reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out var number) ? number & 63 : 0;
                reader.Skip();
            }
            else if (reader.ValueTextEquals("delta"u8) || reader.ValueTextEquals("message"u8))
            {
                reader.Read();
                if (reader.TokenType == JsonTokenType.StartObject)
                {
                    Delta(ref reader);
                }
            }
            else if (reader.ValueTextEquals("finish_reason"u8))
            {
                reader.Read();
                isFinished = reader.TokenType == JsonTokenType.String && reader.ValueSpan.Length > 0;
                if (isFinished && reader.ValueTextEquals("error"u8))
                {
                    Error ??= new(StatusCodes.Status502BadGateway, "error_in_answer", "The provider's answer ended with an error.");
                }

                reader.Skip();
            }
            else
            {
                reader.Skip();
            }
        }

        _seen |= 1UL << index;
        _finished |= isFinished ? 1UL << index : 0;
    }

    // { "role": "assistant", "content": "…", "refusal": null, "reasoning_content": "…", "tool_calls": [ … ] }
    // Whatever is not empty beside the role is something that the caller would see.
    private void Delta(ref Utf8JsonReader reader)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("role"u8))
            {
                reader.Skip();
                continue;
            }

            var isText = reader.ValueTextEquals("content"u8) || reader.ValueTextEquals("reasoning_content"u8) || reader.ValueTextEquals("reasoning"u8)
                || reader.ValueTextEquals("refusal"u8);
            reader.Read();
            if (reader.TokenType == JsonTokenType.String)
            {
                HasContent |= reader.ValueSpan.Length > 0;
                ContentBytes += isText ? reader.ValueSpan.Length : 0;
            }
            else if (reader.TokenType is JsonTokenType.StartArray or JsonTokenType.StartObject)
            {
                Nested(ref reader);
            }
        }
    }

    // Calls of tools, and texts in a list: what is in their longest strings is near enough, names and ids beside them are short.
    private void Nested(ref Utf8JsonReader reader)
    {
        var depth = reader.CurrentDepth;
        while (reader.Read() && reader.CurrentDepth > depth)
        {
            HasContent |= reader.TokenType != JsonTokenType.EndObject;
            if (reader.TokenType == JsonTokenType.PropertyName
                && (reader.ValueTextEquals("arguments"u8) || reader.ValueTextEquals("name"u8) || reader.ValueTextEquals("input"u8) || reader.ValueTextEquals("text"u8)))
            {
                reader.Read();
                ContentBytes += reader.TokenType == JsonTokenType.String ? reader.ValueSpan.Length : 0;
            }
        }
    }
}
