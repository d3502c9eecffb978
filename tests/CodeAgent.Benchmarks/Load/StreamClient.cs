using System.Buffers.Text;
using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using CodeAgent.Benchmarks.Contenders;
using CodeAgent.Benchmarks.Roles;

namespace CodeAgent.Benchmarks.Load;

/// <summary>Reads paced streams and notes when each frame comes; the mock writes into each frame when it was sent, by the same clock.</summary>
internal sealed class StreamClient(Contender contender, Request request) : IDisposable
{
    private static readonly byte[] Stamp = Encoding.ASCII.GetBytes(MockAnswers.Stamp);

    private readonly HttpMessageInvoker _http = new(new SocketsHttpHandler
    {
        UseProxy = false,
        UseCookies = false,
        AutomaticDecompression = DecompressionMethods.None,
        ActivityHeadersPropagator = null,
    });

    public async Task<StreamResult> RunAsync(int clients, TimeSpan duration, CancellationToken stop)
    {
        var until = Stopwatch.GetTimestamp() + (long)(duration.TotalSeconds * Stopwatch.Frequency);
        return StreamResult.Sum(await Task.WhenAll(Enumerable.Range(0, clients).Select(_ => ReadUntilAsync(until, stop))));
    }

    public void Dispose() => _http.Dispose();

    private async Task<StreamResult> ReadUntilAsync(long until, CancellationToken stop)
    {
        var (result, buffer) = (new StreamResult(), new byte[64 * 1024]);
        while (Stopwatch.GetTimestamp() < until)
        {
            try
            {
                await ReadAsync(result, buffer, stop);
            }
            catch (Exception e) when (e is HttpRequestException or IOException)
            {
                result.Errors++;
            }
        }

        return result;
    }

    private async Task ReadAsync(StreamResult result, byte[] buffer, CancellationToken stop)
    {
        using var message = new HttpRequestMessage(HttpMethod.Post, contender.Url(request.Behaviour)) { Content = new ByteArrayContent(request.Body) };
        message.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        foreach (var (name, value) in contender.Headers(request.Behaviour))
        {
            message.Headers.TryAddWithoutValidation(name, value);
        }

        var begun = Stopwatch.GetTimestamp();
        using var response = await _http.SendAsync(message, stop);
        await using var body = await response.Content.ReadAsStreamAsync(stop);
        var (kept, frames) = (0, 0);
        while (await body.ReadAsync(buffer.AsMemory(kept), stop) is var read and > 0)
        {
            var now = Stopwatch.GetTimestamp();
            var text = buffer.AsMemory(0, kept + read);
            while (TryTakeStamp(ref text, out var sent))
            {
                if (frames++ == 0)
                {
                    result.AddFirst(Stopwatch.GetElapsedTime(begun, now).TotalMilliseconds);
                }

                result.AddFrame(Stopwatch.GetElapsedTime(sent, now).TotalMilliseconds);
            }

            // The rest of a line may hold the beginning of a frame.
            text.CopyTo(buffer);
            kept = text.Length;
        }

        if (response.StatusCode != HttpStatusCode.OK || frames != MockAnswers.PacedFrames)
        {
            result.Errors++;
        }
    }

    // … "content":"sent at 123456789 "}, … up to the end of the line
    private static bool TryTakeStamp(ref Memory<byte> text, out long sent)
    {
        while (text.Span.IndexOf((byte)'\n') is var end and >= 0)
        {
            var line = text.Span[..end];
            text = text[(end + 1)..];
            if (line.IndexOf(Stamp) is var at and >= 0 && Utf8Parser.TryParse(line[(at + Stamp.Length)..], out sent, out _))
            {
                return true;
            }
        }

        sent = 0;
        return false;
    }
}
