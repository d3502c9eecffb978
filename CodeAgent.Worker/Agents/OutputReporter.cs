using System.Text;
using System.Threading.Channels;
using CodeAgent.Contracts;

namespace CodeAgent.Worker.Agents;

/// <summary>
/// Reports what a program prints as <c>output</c> events: in pieces of some size or some age, whole lines where there are any,
/// so that neither a flood of small writes nor one endless line does harm.
/// </summary>
internal sealed class OutputReporter : IAsyncDisposable
{
    private const int LargestPiece = 16 * 1024;

    // Events are kept in Redis, all of them. What comes after this much is read, but not reported.
    private const int MostText = 2_000_000;
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(200);
    private readonly Channel<string> _pieces = Channel.CreateBounded<string>(new BoundedChannelOptions(16) { SingleReader = true });
    private readonly IAgentSession _session;
    private readonly TimeProvider _time;
    private readonly CancellationToken _cancellation;
    private readonly Task _reporting;
    private int _reported;

    /// <summary>Begins at once.</summary>
    public OutputReporter(IAgentSession session, TimeProvider time, CancellationToken cancellationToken)
    {
        (_session, _time, _cancellation) = (session, time, cancellationToken);
        _reporting = ReportAllAsync();
    }

    /// <summary>Takes what was printed; fits <see cref="Processes.CommandLine.OnOutput"/>.</summary>
    /// <exception cref="OperationCanceledException">The run was stopped.</exception>
    public async ValueTask WriteAsync(string text, CancellationToken cancellationToken)
    {
        try
        {
            await _pieces.Writer.WriteAsync(text, cancellationToken);
        }
        catch (ChannelClosedException e)
        {
            throw new OperationCanceledException("Nobody takes the output any more.", e);
        }
    }

    /// <summary>Reports the rest.</summary>
    public async ValueTask DisposeAsync()
    {
        _pieces.Writer.TryComplete();
        await Task.WhenAny(_reporting);
    }

    private async Task ReportAllAsync()
    {
        try
        {
            var text = new StringBuilder();
            while (await GatherAsync(text))
            {
                await ReportAsync(text, wholeLines: true);
            }

            await ReportAsync(text, wholeLines: false);
        }
        finally
        {
            _pieces.Writer.TryComplete();
        }
    }

    /// <summary>Waits for output, then for as long as it is worth waiting for more.</summary>
    /// <returns>Whether more can come.</returns>
    private async Task<bool> GatherAsync(StringBuilder text)
    {
        // A line that is not at its end is held back, but no longer than the patience.
        var rest = text.Length;
        if (rest == 0 && !await _pieces.Reader.WaitToReadAsync(_cancellation))
        {
            return false;
        }

        using var timer = new CancellationTokenSource(Patience, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, _cancellation);
        try
        {
            while (text.Length < LargestPiece)
            {
                if (_pieces.Reader.TryRead(out var piece))
                {
                    text.Append(piece);
                }
                else if (!await _pieces.Reader.WaitToReadAsync(either.Token))
                {
                    return false;
                }
            }
        }
        catch (OperationCanceledException) when (!_cancellation.IsCancellationRequested)
        {
            if (text.Length == rest)
            {
                await ReportAsync(text, wholeLines: false);
            }
        }

        return true;
    }

    private async Task ReportAsync(StringBuilder text, bool wholeLines)
    {
        while (text.Length > 0)
        {
            var piece = text.ToString(0, Math.Min(text.Length, LargestPiece));
            var end = piece.LastIndexOf('\n') + 1;
            if (end == 0 && piece.Length < LargestPiece && wholeLines)
            {
                return;
            }

            var length = end > 0 && (wholeLines || piece.Length == LargestPiece) ? end : piece.Length;
            length -= length < text.Length && char.IsHighSurrogate(piece[length - 1]) ? 1 : 0;
            await ReportAsync(piece[..length]);
            text.Remove(0, length);
        }
    }

    private async Task ReportAsync(string piece)
    {
        if (_reported >= MostText)
        {
            return;
        }

        _reported += piece.Length;
        await _session.ReportAsync(EventTypes.Output, new { text = piece }, _cancellation);
        if (_reported >= MostText)
        {
            await _session.ReportAsync(EventTypes.Output, new { text = $"\n… more than {MostText:N0} characters were printed; the rest is not shown.\n" }, _cancellation);
        }
    }
}
