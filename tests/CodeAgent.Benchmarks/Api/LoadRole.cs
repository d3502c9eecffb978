using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Runtime.InteropServices;
using System.Text.Json;
using CodeAgent.Benchmarks.Figures;

namespace CodeAgent.Benchmarks.Api;

/// <summary>The load generator: carries out a <see cref="LoadPlan"/> and prints a <see cref="LoadResult"/>.</summary>
internal sealed class LoadRole(LoadPlan plan) : IDisposable
{
    public const string Name = "role-load";
    private const long MicrosecondsPerSecond = 1_000_000;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly HttpMessageInvoker _http = new(new SocketsHttpHandler
    {
        UseProxy = false,
        UseCookies = false,
        AutomaticDecompression = DecompressionMethods.None,
        ActivityHeadersPropagator = null,
    });
    private readonly AuthenticationHeaderValue _key = new("Bearer", plan.Key);
    private readonly List<Task<Sample>> _samples = [];
    private int _atOnce;

    public static async Task<int> RunAsync(string file)
    {
        var plan = JsonSerializer.Deserialize(await File.ReadAllBytesAsync(file), LoadJson.Default.LoadPlan)!;
        using var role = new LoadRole(plan);
        await Console.Out.WriteLineAsync(JsonSerializer.Serialize(await role.RunAsync(), LoadJson.Default.LoadResult));
        return 0;
    }

    public void Dispose() => _http.Dispose();

    private async Task<LoadResult> RunAsync()
    {
        // The first request pays for what is compiled and connected once.
        await AskAsync(plan.Requests.First(request => !request.IsPost), Stopwatch.GetTimestamp());
        var begun = Stopwatch.GetTimestamp();
        var most = await Task.Factory.StartNew(() => Begin(begun), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        var samples = await Task.WhenAll(_samples);
        return new(
            samples.GroupBy(sample => sample.Kind).Append(samples.GroupBy(_ => "").Single()).ToDictionary(group => group.Key, group => Times([.. group])),
            Percentile(samples.Select(sample => sample.Late), 99), Environment.CpuUsage.TotalTime.TotalSeconds, most, Stopwatch.GetElapsedTime(begun).TotalSeconds);
    }

    // On a thread of its own, which the system wakes within a tenth of a millisecond: .NET's timers go by a clock of 4 ms.
    private int Begin(long begun)
    {
        var (random, most) = (new Random(1), 0);
        for (double at = 0; at < plan.Seconds; at -= Math.Log(1 - random.NextDouble()) / plan.PerSecond)
        {
            var due = begun + (long)(at * Stopwatch.Frequency);
            for (var left = due - Stopwatch.GetTimestamp(); left > 0; left = due - Stopwatch.GetTimestamp())
            {
                _ = usleep((uint)(left * MicrosecondsPerSecond / Stopwatch.Frequency) + 1);
            }

            _samples.Add(AskAsync(plan.Requests[_samples.Count % plan.Requests.Count], due));
            most = Math.Max(most, Volatile.Read(ref _atOnce));
        }

        return most;
    }

    private async Task<Sample> AskAsync(MixRequest request, long due)
    {
        Interlocked.Increment(ref _atOnce);
        var late = Stopwatch.GetElapsedTime(due).TotalMilliseconds;
        string? error = null;
        try
        {
            using var patience = new CancellationTokenSource(Patience);
            using var message = new HttpRequestMessage(request.IsPost ? HttpMethod.Post : HttpMethod.Get, new Uri(plan.Address, request.Path));
            message.Headers.Authorization = _key;
            message.Headers.Accept.Add(Json);
            if (request.IsPost)
            {
                message.Content = new ByteArrayContent(TaskMix.Body) { Headers = { ContentType = Json } };
            }

            using var answer = await _http.SendAsync(message, patience.Token);
            var length = (await answer.Content.ReadAsByteArrayAsync(patience.Token)).Length;
            error = answer.StatusCode != (request.IsPost ? HttpStatusCode.Created : HttpStatusCode.OK) ? $"{(int)answer.StatusCode} to {request.Path}"
                : length == 0 ? $"nothing to {request.Path}" : null;
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException)
        {
            error = e.Message;
        }

        Interlocked.Decrement(ref _atOnce);
        return new(request.Kind, Stopwatch.GetElapsedTime(due).TotalMilliseconds, late, error);
    }

    private static MediaTypeWithQualityHeaderValue Json { get; } = new("application/json");

    private static LoadTimes Times(Sample[] samples)
    {
        double[] times = [.. samples.Select(sample => sample.Milliseconds).Order()];
        return new(samples.Length, samples.Count(sample => sample.Error is not null), Statistics.Percentile(times, 50), Statistics.Percentile(times, 95),
            Statistics.Percentile(times, 99), times[^1], samples.FirstOrDefault(sample => sample.Error is not null)?.Error);
    }

    // A gap is below the second that it may take at most.
    [DllImport("libc")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int usleep(uint microseconds);

    private static double Percentile(IEnumerable<double> values, double percent) => Statistics.Percentile([.. values.Order()], percent);

    private sealed record Sample(string Kind, double Milliseconds, double Late, string? Error);
}
