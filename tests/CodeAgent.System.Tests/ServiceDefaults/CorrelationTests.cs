using System.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace CodeAgent.SystemTests.ServiceDefaults;

public sealed class CorrelationTests
{
    private const string TraceId = "0af7651916cd43dd8448eb211c80319c";

    [Fact]
    public async Task The_answer_names_the_trace_that_the_caller_began()
    {
        await using var service = await SmallService.StartAsync(app => app.MapGet("/x", () => Activity.Current!.TraceId.ToHexString()));
        using var request = new HttpRequestMessage(HttpMethod.Get, "/x");
        request.Headers.Add("traceparent", $"00-{TraceId}-b7ad6b7169203331-01");

        using var answer = await service.Client.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(TraceId, answer.Headers.GetValues("X-Correlation-Id").Single());
        Assert.Equal(TraceId, await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("order-7", "order-7")]
    [InlineData("two words", null)]
    public async Task A_callers_own_correlation_id_becomes_baggage_if_it_is_one(string sent, string? kept)
    {
        await using var service = await SmallService.StartAsync(app =>
            app.MapGet("/x", () => Results.Text(Activity.Current!.GetBaggageItem("codeagent.caller.correlation_id") ?? "none")));
        using var request = new HttpRequestMessage(HttpMethod.Get, "/x");
        request.Headers.Add("X-Correlation-Id", sent);

        using var answer = await service.Client.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(kept ?? "none", await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Matches("^[0-9a-f]{32}$", answer.Headers.GetValues("X-Correlation-Id").Single());
    }
}
