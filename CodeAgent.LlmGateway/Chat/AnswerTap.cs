namespace CodeAgent.LlmGateway.Chat;

/// <summary>Looks on while an answer goes through: whether it came to its end, what it used, and its bytes where they are wanted.</summary>
/// <param name="isStream">Whether the answer is a stream of events.</param>
/// <param name="keep">Up to how many bytes are kept; 0 where nobody wants them.</param>
internal sealed class AnswerTap(bool isStream, int keep) : IDisposable
{
    // Whole answers are read for their usage even where nobody keeps them; this is far more than one that has any.
    private const int LongestWhole = 4 * 1024 * 1024;
    private const int LongestLine = 1024 * 1024;

    private readonly PooledBuffer? _kept = keep > 0 || !isStream ? new(16 * 1024) : null;
    private readonly PooledBuffer? _line = isStream ? new(4 * 1024) : null;
    private readonly int _limit = isStream ? keep : Math.Max(keep, LongestWhole);
    private bool _tooLong;
    private bool _lineTooLong;

    /// <summary>Whether the answer is whole: a stream that was closed with <c>[DONE]</c> and told of no error, or a JSON object with choices.</summary>
    public bool IsComplete { get; private set; }

    /// <summary>Whether the stream itself told of an error.</summary>
    public bool HasError { get; private set; }

    public ChatUsage? Usage { get; private set; }

    /// <summary>The model that answered, as the provider names it.</summary>
    public string? Model { get; private set; }

    /// <summary>All bytes, where they were wanted and are not too many.</summary>
    public ReadOnlyMemory<byte>? Kept => keep > 0 && !_tooLong && _kept!.Length <= keep ? _kept.Memory : default(ReadOnlyMemory<byte>?);

    public void Add(ReadOnlySpan<byte> piece)
    {
        if (_kept is not null && !_tooLong)
        {
            if (_kept.Length + piece.Length > _limit)
            {
                _tooLong = true;
                _kept.Clear();
            }
            else
            {
                _kept.Append(piece);
            }
        }

        if (_line is not null)
        {
            ReadLines(piece);
        }
    }

    /// <summary>To be called when the answer is at its end.</summary>
    public void End()
    {
        if (!isStream && !_tooLong && ChatAnswerHead.TryRead(_kept!.Memory.Span) is { } head)
        {
            (Model, Usage, HasError) = (head.Model, head.ToUsage(), head.IsError);
            IsComplete = head.Choices is not null && !HasError;
        }
    }

    public void Dispose()
    {
        _kept?.Dispose();
        _line?.Dispose();
    }

    private void ReadLines(ReadOnlySpan<byte> piece)
    {
        while (piece.IndexOf((byte)'\n') is var end and >= 0)
        {
            if (_line!.Length == 0 && !_lineTooLong)
            {
                ReadLine(piece[..end]);
            }
            else
            {
                Collect(piece[..end]);
                ReadLine(_lineTooLong ? [] : _line.Memory.Span);
            }

            _line.Clear();
            _lineTooLong = false;
            piece = piece[(end + 1)..];
        }

        Collect(piece);
    }

    private void Collect(ReadOnlySpan<byte> part)
    {
        _lineTooLong |= _line!.Length + part.Length > LongestLine;
        if (!_lineTooLong)
        {
            _line.Append(part);
        }
    }

    // data: {"id":"…","model":"…","choices":[…],"usage":{…}}      most lines have no usage and are not looked into
    private void ReadLine(ReadOnlySpan<byte> line)
    {
        if (!line.StartsWith("data:"u8))
        {
            return;
        }

        var data = line["data:"u8.Length..].Trim(" \r"u8);
        if (data.SequenceEqual("[DONE]"u8))
        {
            IsComplete = !HasError;
        }
        else if ((Model is null || data.IndexOf("\"usage\""u8) >= 0 || data.IndexOf("\"error\""u8) >= 0) && ChatAnswerHead.TryRead(data) is { } head)
        {
            Model ??= head.Model;
            Usage = head.ToUsage() ?? Usage;
            HasError |= head.IsError;
        }
    }
}
