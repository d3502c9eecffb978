using System.Net.Http.Headers;
using System.Text.Json;
using CodeAgent.Benchmarks.Contenders;
using CodeAgent.Benchmarks.Roles;

namespace CodeAgent.Benchmarks.Load;

/// <summary>Looks once at a contender's answers, so that nobody is praised for how fast it answers nonsense.</summary>
internal static class AnswerCheck
{
    private const string Data = "data: ";

    /// <exception cref="BenchmarkException">A plain answer or a stream is not what the mock says.</exception>
    public static async Task RunAsync(Contender contender, CancellationToken stop)
    {
        try
        {
            using var whole = JsonDocument.Parse(await AskAsync(contender, new(Behaviour.Instant, false), stop));
            var used = Tokens(whole);

            string[] lines = [.. (await AskAsync(contender, new(Behaviour.Burst, false), stop)).Split('\n').Where(line => line.StartsWith(Data, StringComparison.Ordinal))];
            long streamed = 0;
            foreach (var line in lines[..^1])
            {
                using var frame = JsonDocument.Parse(line.AsMemory(Data.Length));
                streamed = Math.Max(streamed, Tokens(frame));
            }

            if (used == 0 || streamed != used || lines.Length < MockAnswers.BurstFrames || lines[^1].Trim() != "data: [DONE]")
            {
                throw new BenchmarkException($"{contender.Title}: {used} tokens in the plain answer, {streamed} in the stream, {lines.Length} frames.");
            }
        }
        catch (Exception e) when (e is HttpRequestException or JsonException)
        {
            throw new BenchmarkException($"{contender.Title} does not answer as it should: {e.Message}");
        }
    }

    /// <exception cref="BenchmarkException">A plain answer is not what the mock says.</exception>
    public static async Task RunWholeAsync(Contender contender, Request request, CancellationToken stop)
    {
        try
        {
            using var whole = JsonDocument.Parse(await AskAsync(contender, request, stop));
            if (Tokens(whole) == 0)
            {
                throw new BenchmarkException($"{contender.Title}: no tokens in the answer.");
            }
        }
        catch (Exception e) when (e is HttpRequestException or JsonException)
        {
            throw new BenchmarkException($"{contender.Title} does not answer as it should: {e.Message}");
        }
    }

    private static long Tokens(JsonDocument answer) =>
        answer.RootElement.TryGetProperty("usage", out var usage) && usage.ValueKind == JsonValueKind.Object ? usage.GetProperty("total_tokens").GetInt64() : 0;

    private static async Task<string> AskAsync(Contender contender, Request request, CancellationToken stop)
    {
        using var http = new HttpClient();
        using var message = new HttpRequestMessage(HttpMethod.Post, contender.Url(request.Behaviour)) { Content = new ByteArrayContent(request.Body) };
        message.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        foreach (var (name, value) in contender.Headers(request.Behaviour))
        {
            message.Headers.TryAddWithoutValidation(name, value);
        }

        using var answer = await http.SendAsync(message, stop);
        answer.EnsureSuccessStatusCode();
        return await answer.Content.ReadAsStringAsync(stop);
    }
}
