using System.Buffers;
using System.Diagnostics;
using CodeAgent.LlmGateway.Protocols;
using Microsoft.AspNetCore.Http.Features;

namespace CodeAgent.LlmGateway.Calls;

/// <summary>
/// What a caller is sent. While a stream is silent, from before the provider has said anything, a comment from time to time
/// shows everything between here and the caller that the connection lives.
/// </summary>
/// <remarks>
/// A sign is sent by a timer, a piece by whoever passes the answer on: never both at once, hence <see cref="EnterAsync"/>. There
/// is one timer a stream; a piece only notes the time.
/// </remarks>
internal sealed class CallerOutput : IBufferWriter<byte>, IAsyncDisposable
{
    private static readonly TimeSpan LastSign = TimeSpan.FromSeconds(5);
    private readonly HttpContext _http;
    private readonly PipeSlot _pipe;
    private readonly TimeSpan _interval;
    private readonly byte[] _sign;
    private readonly SemaphoreSlim? _gate;
    private readonly ITimer? _timer;
    private long _lastWrite = Stopwatch.GetTimestamp();
    private uint _tail;
    private Memory<byte> _lent;

    /// <param name="http">The request.</param>
    /// <param name="request">What was asked.</param>
    /// <param name="interval">How long a stream may be silent; 0 for as long as it likes.</param>
    /// <param name="time">The clock.</param>
    public CallerOutput(HttpContext http, ModelRequest request, TimeSpan interval, TimeProvider time)
    {
        (_http, _interval) = (http, interval);
        _pipe = new(http);

        // Some of Gemini's clients take every line that is not empty for data.
        _sign = request.Protocol == Protocol.Gemini ? "\n"u8.ToArray() : ": keep-alive\n\n"u8.ToArray();
        if (request.IsStream && interval > TimeSpan.Zero)
        {
            _gate = new(1, 1);
            _timer = time.CreateTimer(static state => _ = ((CallerOutput)state!).SignAsync(), this, interval, Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>Keeps what is written from here on.</summary>
    public AnswerCopy? Copy { get; set; }

    /// <summary>Whether the caller has been sent the status and perhaps some comments, so that a failure is one within a stream.</summary>
    public bool HasStarted => _http.Response.HasStarted;

    /// <summary>Whether what was written ends where an event ends.</summary>
    public bool IsBetweenEvents => _tail == 0 || (_tail & 0xFFFF) == 0x0A0A || _tail == 0x0D0A0D0A;

    /// <summary>To be called before writing, and paired with <see cref="FlushAsync"/>; before headers are set, with <see cref="Leave"/>.</summary>
    public ValueTask EnterAsync() => _gate is null ? default : new(_gate.WaitAsync(_http.RequestAborted));

    /// <summary>Nothing was written after all.</summary>
    public void Leave() => _gate?.Release();

    /// <summary>Sends what was written.</summary>
    public async ValueTask FlushAsync()
    {
        try
        {
            // That the caller is gone shows in the token, not in an exception.
            await _pipe.Writer.FlushAsync(_http.RequestAborted);
        }
        finally
        {
            if (_gate is not null)
            {
                _lastWrite = Stopwatch.GetTimestamp();
                _gate.Release();
            }
        }
    }

    public void Advance(int count)
    {
        var written = _lent.Span[..count];
        Copy?.Add(written);
        foreach (var last in count > 4 ? written[^4..] : written)
        {
            _tail = (_tail << 8) | last;
        }

        _pipe.Writer.Advance(count);
    }

    public Memory<byte> GetMemory(int sizeHint = 0) => _lent = _pipe.Writer.GetMemory(sizeHint);

    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    /// <summary>The request is over: no sign is sent any more. One that a caller does not take ends with its connection.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_gate is not null)
        {
            await _timer!.DisposeAsync();

            // Taken for good; one that is being sent is waited for, but nobody may wait here for ever.
            if (!await _gate.WaitAsync(LastSign))
            {
                _http.Abort();
                return;
            }

            _gate.Dispose();
        }
    }

    /// <summary>The status and the headers of a stream, unless they are sent already.</summary>
    public static void BeginStream(HttpResponse response)
    {
        if (!response.HasStarted)
        {
            response.StatusCode = StatusCodes.Status200OK;
            response.ContentType = "text/event-stream";
            response.Headers.CacheControl = "no-cache";
            response.HttpContext.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        }
    }

    private async Task SignAsync()
    {
        try
        {
            if (!await _gate!.WaitAsync(0))
            {
                // Something is being sent just now, or the request is over.
                Again(_interval);
                return;
            }

            var silent = Stopwatch.GetElapsedTime(_lastWrite);
            if (silent < _interval || !IsBetweenEvents)
            {
                _gate.Release();
                Again(silent < _interval ? _interval - silent : _interval);
                return;
            }

            BeginStream(_http.Response);
            _pipe.Writer.Write(_sign);
            await FlushAsync();
            Again(_interval);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or ObjectDisposedException)
        {
            // The caller is gone, or the request is over: nobody needs a sign any more.
        }
    }

    private void Again(TimeSpan due) => _timer!.Change(due + TimeSpan.FromMilliseconds(1), Timeout.InfiniteTimeSpan);

    /// <summary>The writer, fetched when it is first needed: fetching it fixes how the answer is sent.</summary>
    private sealed class PipeSlot(HttpContext http)
    {
        public System.IO.Pipelines.PipeWriter Writer => field ??= http.Response.BodyWriter;
    }
}
