namespace CodeAgent.LlmGateway.Calls;

/// <summary>
/// Finds the data in a stream of server-sent events, however it is cut into pieces. Names, ids and comments are passed over: every
/// protocol here says in the data what an event is.
/// </summary>
/// <remarks>
/// Nearly always the data is one line with a JSON object in it, which is given as soon as it is there. Data on several lines is put
/// together up to the blank line that ends its event.
/// </remarks>
internal sealed class EventLines : IDisposable
{
    private const int LongestLine = 32 * 1024 * 1024;
    private readonly PooledBuffer _line = new(4 * 1024);
    private PooledBuffer? _data;
    private bool _isTaken, _isDataTaken;
    private bool _tooLong;

    /// <summary>Takes from the piece up to the end of the next data.</summary>
    /// <param name="piece">What is left of the piece.</param>
    /// <param name="data">The data without the spaces around it; good until the next call.</param>
    /// <returns>False where the piece has no whole data any more; what is left of it is remembered.</returns>
    public bool TryRead(ref ReadOnlySpan<byte> piece, out ReadOnlySpan<byte> data)
    {
        Forget();
        while (piece.IndexOf((byte)'\n') is var end and >= 0)
        {
            var line = piece[..end];
            piece = piece[(end + 1)..];
            if (_line.Length > 0 || _tooLong)
            {
                Collect(line);
                line = _tooLong ? [] : _line.Memory.Span;
                _isTaken = true;
            }

            if (line.StartsWith("data:"u8))
            {
                data = line["data:"u8.Length..].Trim(" \r"u8);
                if (_data is not { Length: > 0 } && (data is [(byte)'{', .., (byte)'}'] || data.SequenceEqual("[DONE]"u8)))
                {
                    return true;
                }

                Add(data);
            }
            else if (_data is { Length: > 0 } && line.Trim((byte)'\r').IsEmpty)
            {
                data = _data.Memory.Span;
                _isDataTaken = true;
                return true;
            }

            Forget();
        }

        Collect(piece);
        piece = [];
        data = default;
        return false;
    }

    public void Dispose()
    {
        _line.Dispose();
        _data?.Dispose();
    }

    // What was given by the last call, and lines that were looked into.
    private void Forget()
    {
        if (_isTaken)
        {
            _line.Clear();
            (_isTaken, _tooLong) = (false, false);
        }

        if (_isDataTaken)
        {
            _data!.Clear();
            _isDataTaken = false;
        }
    }

    private void Add(ReadOnlySpan<byte> data)
    {
        _data ??= new(4 * 1024);
        if (_data.Length + data.Length < LongestLine)
        {
            _data.Append(_data.Length > 0 ? "\n"u8 : []);
            _data.Append(data);
        }
    }

    private void Collect(ReadOnlySpan<byte> part)
    {
        _tooLong |= _line.Length + part.Length > LongestLine;
        if (!_tooLong)
        {
            _line.Append(part);
        }
    }
}
