using System.Text.Json;
using CodeAgent.LlmGateway.Protocols.Gemini;

namespace CodeAgent.LlmGateway.Protocols;

/// <summary>Goes through a conversation that holds foreign thoughts, and notes what is to be taken out of it.</summary>
internal sealed class ForeignThoughtWalk(Protocol protocol, string model)
{
    private readonly List<(int Start, int End, byte[] Text)> _changes = [];
    private (int Start, int End)? _thinking;
    private bool _isManual, _lacksThought, _hasBegun, _hasResults;
    private int _thoughts, _calls;

    public IReadOnlyList<(int Start, int End, byte[] Text)> Walk(ReadOnlySpan<byte> body)
    {
        var reader = new Utf8JsonReader(body, new() { MaxDepth = 512 });
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isList = reader.ValueTextEquals("messages"u8) || reader.ValueTextEquals("input"u8) || reader.ValueTextEquals("contents"u8);
            var isThinking = protocol == Protocol.Messages && reader.ValueTextEquals("thinking"u8);
            reader.Read();
            if (isList && reader.TokenType == JsonTokenType.StartArray)
            {
                List(ref reader, isOuter: true);
            }
            else if (isThinking && reader.TokenType == JsonTokenType.StartObject)
            {
                var start = (int)reader.TokenStartIndex;
                _isManual = IsManual(ref reader);
                _thinking = (start, (int)reader.BytesConsumed);
            }
            else
            {
                reader.Skip();
            }
        }

        if (_thinking is { } thinking && _isManual && _lacksThought)
        {
            // With a budget, a turn that calls tools must begin with a thought; the one that is going on has none any more.
            _changes.Add((thinking.Start, thinking.End, """{"type":"disabled"}"""u8.ToArray()));
        }

        return _changes;
    }

    private static bool IsManual(ref Utf8JsonReader reader)
    {
        var isManual = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isType = reader.ValueTextEquals("type"u8);
            reader.Read();
            isManual |= isType && reader.TokenType == JsonTokenType.String && reader.ValueTextEquals("enabled"u8);
            reader.Skip();
        }

        return isManual;
    }

    /// <summary>Goes through a list of messages, or of the parts of one.</summary>
    /// <returns>How many of its elements stay.</returns>
    private int List(ref Utf8JsonReader reader, bool isOuter)
    {
        List<(int Start, int End, bool Goes)> elements = [];
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            var (start, goes) = ((int)reader.TokenStartIndex, false);
            if (reader.TokenType == JsonTokenType.StartObject)
            {
                goes = isOuter && protocol != Protocol.Responses ? Message(ref reader) : Element(ref reader);
            }
            else
            {
                reader.Skip();
            }

            elements.Add((start, (int)reader.BytesConsumed, goes));
        }

        var kept = 0;
        for (var i = 0; i < elements.Count; i++)
        {
            // The comma before goes with it, or the one after where nothing stays before it.
            var (start, end, goes) = elements[i];
            if (goes)
            {
                _changes.Add(kept > 0 ? (elements[i - 1].End, end, []) : i + 1 < elements.Count ? (start, elements[i + 1].Start, []) : (start, end, []));
            }

            kept += goes ? 0 : 1;
        }

        return kept;
    }

    // A message of which nothing stays goes as a whole: no provider takes an empty one.
    private bool Message(ref Utf8JsonReader reader)
    {
        var (before, isEmptied, isAssistant) = (_changes.Count, false, false);
        (_thoughts, _calls, _hasResults) = (0, 0, false);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isParts = reader.ValueTextEquals(protocol switch { Protocol.Gemini => "parts"u8, Protocol.Messages => "content"u8, _ => "reasoning_details"u8 });
            var isCalls = protocol == Protocol.Chat && reader.ValueTextEquals("tool_calls"u8);
            var isRole = reader.ValueTextEquals("role"u8);
            reader.Read();
            if (isParts && reader.TokenType == JsonTokenType.StartArray)
            {
                var changes = _changes.Count;
                isEmptied = List(ref reader, isOuter: false) == 0 && _changes.Count > changes && protocol != Protocol.Chat;
            }
            else if (isCalls && reader.TokenType == JsonTokenType.StartArray)
            {
                Calls(ref reader);
            }
            else
            {
                isAssistant |= isRole && reader.TokenType == JsonTokenType.String && reader.ValueTextEquals("assistant"u8);
                reader.Skip();
            }
        }

        if (isEmptied)
        {
            _changes.RemoveRange(before, _changes.Count - before);
            return true;
        }

        if (!isAssistant && !_hasResults)
        {
            // What the user says begins a turn; results of tools let it go on.
            (_hasBegun, _lacksThought) = (false, false);
        }
        else if (isAssistant && !_hasBegun)
        {
            (_hasBegun, _lacksThought) = (true, _calls > 0 && _thoughts == 0);
        }

        return false;
    }

    // A block, a part, an item, or a detail.
    private bool Element(ref Utf8JsonReader reader)
    {
        var (isThought, isCall, isForeign, isMadeUp, isSigned, hasText) = (false, false, false, false, false, false);
        (int Start, int End)? signature = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isType = reader.ValueTextEquals("type"u8);
            var isId = protocol == Protocol.Responses && reader.ValueTextEquals("id"u8);
            var isSignature = protocol switch
            {
                Protocol.Gemini => reader.ValueTextEquals("thoughtSignature"u8),
                Protocol.Responses => reader.ValueTextEquals("encrypted_content"u8),
                _ => reader.ValueTextEquals("signature"u8) || reader.ValueTextEquals("data"u8),
            };
            var isText = protocol == Protocol.Gemini && reader.ValueTextEquals("text"u8);
            var isFlag = protocol == Protocol.Gemini && reader.ValueTextEquals("thought"u8);
            isCall |= protocol == Protocol.Gemini && reader.ValueTextEquals("functionCall"u8);
            reader.Read();
            if (reader.TokenType == JsonTokenType.String)
            {
                if (isType)
                {
                    isThought = protocol == Protocol.Chat || reader.ValueTextEquals("thinking"u8) || reader.ValueTextEquals("redacted_thinking"u8) || reader.ValueTextEquals("reasoning"u8);
                    isCall = reader.ValueTextEquals("tool_use"u8);
                    _hasResults |= reader.ValueTextEquals("tool_result"u8);
                }

                if (isSignature)
                {
                    isForeign = ForeignThoughts.IsForeign(protocol, reader.ValueSpan);
                    isSigned = !isForeign;
                    signature = ((int)reader.TokenStartIndex, (int)reader.BytesConsumed);
                }

                isMadeUp |= isId && ForeignThoughts.IsMadeUpId(reader.ValueSpan);
                hasText |= isText && reader.ValueSpan.Length > 0;
            }

            isThought |= isFlag && reader.TokenType == JsonTokenType.True;
            reader.Skip();
        }

        if (protocol == Protocol.Gemini && isForeign && !isThought && (isCall || hasText))
        {
            _changes.Add((signature!.Value.Start, signature.Value.End, NoSignature()));
            return false;
        }

        var goes = protocol == Protocol.Gemini ? isForeign : isThought && (isForeign || (isMadeUp && !isSigned));
        _thoughts += isThought && !goes ? 1 : 0;
        _calls += isCall ? 1 : 0;
        return goes;
    }

    // [ { "id": "…", "function": { … }, "extra_content": { "google": { "thought_signature": "…" } } } ]
    private void Calls(ref Utf8JsonReader reader)
    {
        var depth = reader.CurrentDepth;
        while (reader.Read() && reader.CurrentDepth > depth)
        {
            if (reader.TokenType == JsonTokenType.PropertyName && reader.ValueTextEquals("thought_signature"u8))
            {
                reader.Read();
                if (reader.TokenType == JsonTokenType.String && ForeignThoughts.IsForeign(protocol, reader.ValueSpan))
                {
                    _changes.Add(((int)reader.TokenStartIndex, (int)reader.BytesConsumed, NoSignature()));
                }
            }
        }
    }

    // What Google documents for a call that its model did not make; the older models want none at all.
    private byte[] NoSignature() => GeminiModel.IsThirdOrLater(model) && (protocol == Protocol.Gemini || model.Contains("gemini", StringComparison.Ordinal))
        ? System.Text.Encoding.UTF8.GetBytes($"\"{GeminiSignatures.Skip}\"") : "\"\""u8.ToArray();
}
