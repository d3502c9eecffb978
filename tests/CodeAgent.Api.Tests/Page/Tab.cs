using System.Text.Json.Nodes;
using CodeAgent.Testing;

namespace CodeAgent.Api.Tests.Page;

/// <summary>A page in the <see cref="Browser"/>.</summary>
internal sealed class Tab(Browser browser, string session)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(15);

    /// <summary>The errors that it reported.</summary>
    public IEnumerable<string> Complaints => browser.Complaints(session);

    public async Task BeginAsync(string address)
    {
        await CallAsync("Runtime.enable", []);
        await CallAsync("Log.enable", []);
        await CallAsync("Page.enable", []);
        await CallAsync("Page.navigate", new() { ["url"] = address });
    }

    public Task<JsonNode?> CallAsync(string method, JsonObject parameters) => browser.CallAsync(method, parameters, session);

    /// <summary>The value of a JavaScript expression, as JSON can carry it.</summary>
    public async Task<JsonNode?> EvaluateAsync(string expression)
    {
        var answer = await CallAsync("Runtime.evaluate", new() { ["expression"] = expression, ["returnByValue"] = true, ["awaitPromise"] = true });
        return answer!["exceptionDetails"] is { } problem
            ? throw new InvalidOperationException(problem.ToJsonString())
            : answer["result"]?["value"]?.DeepClone();
    }

    /// <summary>Waits until a JavaScript expression is true.</summary>
    public Task BecomesAsync(string expression) =>
        Eventually.TrueAsync(async () => (bool?)await EvaluateAsync($"Boolean({expression})") ?? false, Limit, expression);

    /// <summary>The text that a selector's first match shows.</summary>
    public async Task<string> TextAsync(string selector) => (string?)await EvaluateAsync($"document.querySelector({Quote(selector)})?.innerText") ?? "";

    public Task ShowsAsync(string selector, string text) =>
        BecomesAsync($"document.querySelector({Quote(selector)})?.innerText.includes({Quote(text)})");

    public Task PressAsync(string selector) => EvaluateAsync($"document.querySelector({Quote(selector)}).click()");

    public Task EnterAsync(string selector, string text) => EvaluateAsync($"document.querySelector({Quote(selector)}).value = {Quote(text)}");

    private static string Quote(string text) => JsonValue.Create(text).ToJsonString();
}
