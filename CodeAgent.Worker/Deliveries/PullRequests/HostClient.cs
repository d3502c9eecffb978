using System.Text.Json;
using System.Text.Json.Nodes;
using CodeAgent.Worker.Workspaces.Credentials;

namespace CodeAgent.Worker.Deliveries.PullRequests;

/// <summary>Asks a git host's API.</summary>
/// <param name="clients">Makes clients.</param>
/// <param name="baseUrl">Where the API begins.</param>
/// <param name="token">The token.</param>
internal sealed class HostClient(IHttpClientFactory clients, string baseUrl, string token)
{
    private const int LongestReason = 500;

    /// <summary>Sends a request below the API's address; a body makes it a POST.</summary>
    /// <exception cref="PullRequestException">The host refuses; with what it says.</exception>
    /// <exception cref="HttpRequestException">It cannot be reached.</exception>
    public async Task<JsonNode> SendAsync(string path, JsonObject? body, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(body is null ? HttpMethod.Get : HttpMethod.Post, $"{baseUrl.TrimEnd('/')}/{path}");
        request.Headers.Authorization = new("Bearer", token);
        request.Headers.UserAgent.ParseAdd("CodeAgent");
        request.Headers.Accept.ParseAdd("application/json");
        request.Content = body is null ? null : new StringContent(body.ToJsonString(), System.Text.Encoding.UTF8, "application/json");
        using var response = await clients.CreateClient(GitHubAppTokens.Client).SendAsync(request, cancellationToken);
        var text = await response.Content.ReadAsStringAsync(cancellationToken);
        return response.IsSuccessStatusCode
            ? JsonNode.Parse(text) ?? throw new PullRequestException("the host answers with nothing.")
            : throw new PullRequestException($"the host answers HTTP {(int)response.StatusCode}: {Reason(text)}");
    }

    // GitHub: {"message":"Validation Failed","errors":[{"message":"…"}]}; GitLab: {"message":["…"]} or {"error":"…"}.
    private string Reason(string text)
    {
        try
        {
            var answer = JsonNode.Parse(text);
            text = string.Join(' ', new[] { answer?["message"], answer?["errors"], answer?["error"] }.OfType<JsonNode>()
                .Select(node => node is JsonValue ? node.ToString() : node.ToJsonString()));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // Something before the host answered in its own words.
            text = text.Trim();
        }

        text = text.Replace(token, "***", StringComparison.Ordinal);
        return text.Length > LongestReason ? text[..LongestReason] + "…" : text;
    }
}
