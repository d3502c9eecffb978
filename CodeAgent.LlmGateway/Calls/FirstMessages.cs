using System.Text.Json;

namespace CodeAgent.LlmGateway.Calls;

/// <summary>Finds the text of the user's first message in <c>messages</c>, <c>input</c> or <c>contents</c>.</summary>
internal static class FirstMessages
{
    // "text" | [ { "role": "user", "content": "text" | [ { "text": "text" }, … ] }, … ] | [ { "role": "user", "parts": [ { "text": "text" } ] } ]
    /// <summary>The text as it is written: the part that stays the same while marks come and go around it.</summary>
    /// <param name="body">A body that is known to be valid.</param>
    /// <param name="messages">Where the messages begin in it.</param>
    public static (int Start, int End) Find(ReadOnlySpan<byte> body, int messages)
    {
        var reader = new Utf8JsonReader(body[messages..], new JsonReaderOptions { MaxDepth = 512 });
        reader.Read();
        try
        {
            var found = Find(ref reader);
            return found.End > 0 ? (messages + found.Start, messages + found.End) : default;
        }
        catch (InvalidOperationException)
        {
            // A name or a role has half a character in it. Such a conversation is not kept together, and the provider judges it.
            return default;
        }
    }

    private static (int Start, int End) Find(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.String)
        {
            return Token(ref reader);
        }

        var isList = reader.TokenType == JsonTokenType.StartArray;
        while (isList && reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType == JsonTokenType.StartObject && OfMessage(ref reader) is { End: > 0 } found)
            {
                return found;
            }

            reader.Skip();
        }

        return default;
    }

    private static (int Start, int End) OfMessage(ref Utf8JsonReader reader)
    {
        // Gemini's role may be left out.
        var isUser = true;
        (int Start, int End) text = default;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isContent = reader.ValueTextEquals("content"u8) || reader.ValueTextEquals("parts"u8);
            var isRole = reader.ValueTextEquals("role"u8);
            reader.Read();
            if (isRole)
            {
                isUser = reader.TokenType == JsonTokenType.String && reader.ValueTextEquals("user"u8);
            }

            if (isContent)
            {
                text = Text(ref reader);
            }
            else
            {
                reader.Skip();
            }
        }

        return isUser ? text : default;
    }

    private static (int Start, int End) Text(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.String)
        {
            return Token(ref reader);
        }

        (int Start, int End) found = default;
        if (reader.TokenType == JsonTokenType.StartArray)
        {
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                var inside = reader.TokenType == JsonTokenType.StartObject;
                while (inside && reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
                {
                    var isText = reader.ValueTextEquals("text"u8);
                    reader.Read();
                    found = isText && found.End == 0 && reader.TokenType == JsonTokenType.String ? Token(ref reader) : found;
                    reader.Skip();
                }

                reader.Skip();
            }
        }
        else
        {
            reader.Skip();
        }

        return found;
    }

    private static (int Start, int End) Token(ref Utf8JsonReader reader) => ((int)reader.TokenStartIndex, (int)reader.BytesConsumed);
}
