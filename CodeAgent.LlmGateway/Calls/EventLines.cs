namespace CodeAgent.LlmGateway.Calls;

/// <summary>
/// Finds the <c>data:</c> lines in a stream of server-sent events, however it is cut into pieces. Names, ids and comments are
/// passed over: every protocol here says in the data what an event is, and has it on one line.
/// </summary>
internal sealed class EventLines : IDisposable
{
    private const int LongestLine = 32 * 1024 * 1024;
    private readonly PooledBuffer _line = new(4 * 1024);
    private bool _isTaken;
    private bool _tooLong;

    /// <summary>Takes from the piece up to the next line of data.</summary>
    /// <param name="piece">What is left of the piece.</param>
    /// <param name="data">The data without the spaces around it; good until the next call.</param>
    /// <returns>False where the piece has no whole line of data any more; what is left of it is remembered.</returns>
    public bool TryRead(ref ReadOnlySpan<byte> piece, out ReadOnlySpan<byte> data)
    {
        if (_isTaken)
        {
            _line.Clear();
            (_isTaken, _tooLong) = (false, false);
        }

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
                return true;
            }

            if (_isTaken)
            {
                _line.Clear();
                (_isTaken, _tooLong) = (false, false);
            }
        }

        Collect(piece);
        piece = [];
        data = default;
        return false;
    }

    public void Dispose() => _line.Dispose();

    private void Collect(ReadOnlySpan<byte> part)
    {
        _tooLong |= _line.Length + part.Length > LongestLine;
        if (!_tooLong)
        {
            _line.Append(part);
        }
    }
}
