using System.Buffers;
using System.Text.Json;
using CodeAgent.LlmGateway.Calls;

namespace CodeAgent.LlmGateway.Protocols.Chat;

/// <summary>
/// Takes the event out of a stream that tells only what was used, where the gateway asked for it and the caller did not: some
/// clients take the first of the choices of every event, and that one has none. Everything else goes through byte for byte.
/// A line is held back until it is whole, which nobody can use before anyway.
/// </summary>
internal sealed class UsageChunkFilter : IDisposable
{
    // No such event is longer; what is longer goes through as it comes.
    private const int Longest = 64 * 1024;

    private readonly PooledBuffer _held = new(1024);
    private bool _isPassing;
    private bool _afterHidden;

    public void Add(ReadOnlySpan<byte> piece, IBufferWriter<byte> output)
    {
        // What goes through begins at `from`, the line that is looked at is at `at`.
        var (from, at) = (0, 0);
        while (piece[at..].IndexOf((byte)'\n') is var end and >= 0)
        {
            var next = at + end + 1;
            if (IsHidden(piece[at..next]))
            {
                output.Write(piece[from..at]);
                _held.Clear();
                from = next;
            }
            else if (_held.Length > 0)
            {
                output.Write(_held.Memory.Span);
                _held.Clear();
            }

            _isPassing = false;
            at = next;
        }

        output.Write(piece[from..at]);
        Hold(piece[at..], output);
    }

    /// <summary>The stream is at its end: what was held back goes too.</summary>
    public void End(IBufferWriter<byte> output)
    {
        output.Write(_held.Memory.Span);
        _held.Clear();
    }

    public void Dispose() => _held.Dispose();

    // The rest of a line that is not hidden is all that is held when one begins, so the held part comes first.
    private bool IsHidden(ReadOnlySpan<byte> rest)
    {
        if (_isPassing)
        {
            return false;
        }

        if (_held.Length > 0)
        {
            _held.Append(rest);
            var isHidden = IsHiddenLine(_held.Memory.Span);
            _held.Truncate(_held.Length - rest.Length);
            return isHidden;
        }

        return IsHiddenLine(rest);
    }

    private bool IsHiddenLine(ReadOnlySpan<byte> line)
    {
        var wasHidden = _afterHidden;
        _afterHidden = false;

        // The empty line after it belongs to it.
        if (wasHidden && line.Trim("\r\n"u8).IsEmpty)
        {
            return true;
        }

        return _afterHidden = line.StartsWith("data:"u8) && line.IndexOf("\"usage\""u8) >= 0 && line.IndexOf("\"delta\""u8) < 0 && IsUsageAlone(line["data:"u8.Length..]);
    }

    private void Hold(ReadOnlySpan<byte> rest, IBufferWriter<byte> output)
    {
        if (!_isPassing && _held.Length + rest.Length <= Longest)
        {
            _held.Append(rest);
            return;
        }

        _isPassing = true;
        output.Write(_held.Memory.Span);
        _held.Clear();
        output.Write(rest);
    }

    // {"id":"…","choices":[],"usage":{…}}
    private static bool IsUsageAlone(ReadOnlySpan<byte> data)
    {
        var (hasUsage, hasNoChoices) = (false, false);
        var reader = new Utf8JsonReader(data, new JsonReaderOptions { MaxDepth = 512 });
        try
        {
            reader.Read();
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var (isUsage, isChoices) = (reader.ValueTextEquals("usage"u8), reader.ValueTextEquals("choices"u8));
                reader.Read();
                hasUsage |= isUsage && reader.TokenType == JsonTokenType.StartObject;
                if (isChoices && reader.TokenType == JsonTokenType.StartArray)
                {
                    reader.Read();
                    hasNoChoices = reader.TokenType == JsonTokenType.EndArray;
                    while (reader.TokenType != JsonTokenType.EndArray)
                    {
                        reader.Skip();
                        reader.Read();
                    }
                }
                else
                {
                    reader.Skip();
                }
            }

            return hasUsage && hasNoChoices;
        }
        catch (JsonException)
        {
            // Whatever it is, it is not that.
            return false;
        }
    }
}
