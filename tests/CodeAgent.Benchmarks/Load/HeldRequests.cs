using System.Net.Http.Headers;
using CodeAgent.Benchmarks.Contenders;
using CodeAgent.Benchmarks.Roles;

namespace CodeAgent.Benchmarks.Load;

/// <summary>So many requests in flight, all of them waiting for the model at the same time: what does one of them hold?</summary>
internal static class HeldRequests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(100);
    private static readonly Request Request = new(Behaviour.Held, false);

    /// <summary>Asks so often at once, and looks at the contender when the model has been asked by all of them.</summary>
    /// <returns>Resident megabytes before, and while all wait.</returns>
    /// <exception cref="BenchmarkException">They do not all get to the model, or are not all answered.</exception>
    public static async Task<(double Before, double Held)> RunAsync(Contender contender, MockContender mock, int requests, CancellationToken stop)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false, UseCookies = false }) { Timeout = Patience };
        var before = (await contender.Tree.ReadAsync()).Megabytes;
        var (asked, _) = await mock.StatsAsync(stop);
        var answers = Enumerable.Range(0, requests).Select(_ => AskAsync()).ToList();
        var begun = TimeProvider.System.GetTimestamp();
        while ((await mock.StatsAsync(stop)).Asked < asked + requests)
        {
            if (TimeProvider.System.GetElapsedTime(begun) > Patience)
            {
                throw new BenchmarkException($"{contender.Title}: not all of {requests} requests get to the model.");
            }

            await Task.Delay(Look, stop);
        }

        var held = (await contender.Tree.ReadAsync()).Megabytes;
        await mock.ReleaseAsync(stop);
        await Task.WhenAll(answers);
        return (before, held);

        async Task AskAsync()
        {
            using var message = new HttpRequestMessage(HttpMethod.Post, contender.Url(Request.Behaviour)) { Content = new ByteArrayContent(Request.Body) };
            message.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            foreach (var (name, value) in contender.Headers(Request.Behaviour))
            {
                message.Headers.TryAddWithoutValidation(name, value);
            }

            using var answer = await http.SendAsync(message, stop);
            if (!answer.IsSuccessStatusCode)
            {
                throw new BenchmarkException($"{contender.Title} answers {(int)answer.StatusCode}: {await answer.Content.ReadAsStringAsync(stop)}");
            }
        }
    }
}
