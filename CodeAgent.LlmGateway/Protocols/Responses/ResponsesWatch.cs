using System.Text.Json;

namespace CodeAgent.LlmGateway.Protocols.Responses;

/// <summary>
/// Looks on at responses. An answer is whole when it came to <c>response.completed</c>, or to <c>response.incomplete</c>, which is how
/// one ends that met its limit of tokens.
/// </summary>
internal sealed class ResponsesWatch : AnswerWatch
{
    // {"type":"response.output_text.delta","sequence_number":4,"item_id":"…","delta":"…"}
    public override void Data(ReadOnlySpan<byte> data)
    {
        if (data.IsEmpty || data[0] != (byte)'{')
        {
            return;
        }

        var reader = new Utf8JsonReader(data, new JsonReaderOptions { MaxDepth = 512 });
        try
        {
            reader.Read();
            if (!Find(ref reader, "type"u8) || reader.TokenType != JsonTokenType.String)
            {
                // Nothing of ours, unless it is an error without a type, which some servers send.
                Plain(data);
            }
            else if (reader.ValueTextEquals("response.completed"u8) || reader.ValueTextEquals("response.incomplete"u8))
            {
                Response(data);
                IsComplete = Error is null;
            }
            else if (reader.ValueTextEquals("response.created"u8))
            {
                Response(data);
            }
            else if (reader.ValueTextEquals("response.failed"u8) || reader.ValueTextEquals("response.cancelled"u8))
            {
                Response(data);
                Fail("The provider's response failed.");
            }
            else if (reader.ValueTextEquals("error"u8))
            {
                Plain(data);
                Fail("The provider's response failed.");
            }
            else if (IsDelta(ref reader))
            {
                var whole = new Utf8JsonReader(data);
                whole.Read();
                if (Find(ref whole, "delta"u8) && whole.TokenType == JsonTokenType.String)
                {
                    HasContent |= whole.ValueSpan.Length > 0;
                    ContentBytes += whole.ValueSpan.Length;
                }
            }
            else if (!HasContent && reader.ValueTextEquals("response.output_item.added"u8))
            {
                HasContent = IsVisibleItem(data);
            }
            else if (!HasContent && reader.ValueTextEquals("response.output_item.done"u8))
            {
                // Some servers send items whole.
                HasContent = true;
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            Error ??= new(StatusCodes.Status502BadGateway, "invalid_answer", "The provider's answer is not valid JSON.");
        }
    }

    public override void Whole(ReadOnlySpan<byte> json)
    {
        try
        {
            var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 512 });
            reader.Read();
            var status = ReadResponse(ref reader);
            reader.Read();
            IsComplete = Error is null && status is "completed" or "incomplete";
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            Error ??= new(StatusCodes.Status502BadGateway, "invalid_answer", "The provider's answer is not valid JSON.");
        }
    }

    // Whoever has begun a message has said nothing yet; whoever calls a tool has.
    private static bool IsVisibleItem(ReadOnlySpan<byte> data)
    {
        var reader = new Utf8JsonReader(data, new JsonReaderOptions { MaxDepth = 512 });
        reader.Read();
        return Find(ref reader, "item"u8) && reader.TokenType == JsonTokenType.StartObject && Find(ref reader, "type"u8)
            && !reader.ValueTextEquals("message"u8) && !reader.ValueTextEquals("reasoning"u8);
    }

    private static bool IsDelta(ref Utf8JsonReader reader) => reader.ValueSpan.EndsWith(".delta"u8);

    /// <summary>Goes from the start of an object to the value of a property.</summary>
    private static bool Find(ref Utf8JsonReader reader, ReadOnlySpan<byte> name)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isIt = reader.ValueTextEquals(name);
            reader.Read();
            if (isIt)
            {
                return true;
            }

            reader.Skip();
        }

        return false;
    }

    private void Response(ReadOnlySpan<byte> data)
    {
        var reader = new Utf8JsonReader(data, new JsonReaderOptions { MaxDepth = 512 });
        reader.Read();
        if (Find(ref reader, "response"u8) && reader.TokenType == JsonTokenType.StartObject)
        {
            ReadResponse(ref reader);
        }
    }

    // { "status": "completed", "model": "…", "error": null, "output": [ … ], "usage": { … } }
    private string? ReadResponse(ref Utf8JsonReader reader)
    {
        string? status = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("model"u8))
            {
                reader.Read();
                Model = reader.TokenType == JsonTokenType.String ? reader.GetString() : Model;
                reader.Skip();
            }
            else if (reader.ValueTextEquals("status"u8))
            {
                reader.Read();
                status = reader.TokenType == JsonTokenType.String ? reader.GetString() : null;
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
            else if (reader.ValueTextEquals("output"u8))
            {
                reader.Read();
                var start = reader.TokenStartIndex;
                HasContent |= reader.TokenType == JsonTokenType.StartArray && !IsEmpty(reader);
                reader.Skip();

                // Where there were no deltas, this is all that can be counted.
                ContentBytes = Math.Max(ContentBytes, HasContent && ContentBytes == 0 ? reader.TokenStartIndex - start : 0);
            }
            else
            {
                reader.Skip();
            }
        }

        return status;
    }

    private static bool IsEmpty(Utf8JsonReader reader) => reader.Read() && reader.TokenType == JsonTokenType.EndArray;

    private void Plain(ReadOnlySpan<byte> data)
    {
        var root = JsonElement.Parse(data, new() { MaxDepth = 512 });
        if ((root.TryGetProperty("error", out var inner) && inner.ValueKind != JsonValueKind.Null) || root.TryGetProperty("message", out _))
        {
            Error ??= ResponsesErrors.OfEvent(root);
        }
    }

    private void Fail(string message) => Error ??= new(StatusCodes.Status502BadGateway, "error_in_answer", message);
}
