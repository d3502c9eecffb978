using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using CodeAgent.Worker.Configuration;

namespace CodeAgent.Worker.Workspaces.Credentials;

/// <summary>Tokens of installed GitHub Apps: fetched when they are needed, and again before they end.</summary>
internal sealed class GitHubAppTokens(IHttpClientFactory clients, TimeProvider time)
{
    /// <summary>Name of the client that speaks with git hosts' APIs.</summary>
    public const string Client = "git-hosts";

    // A push of a large repository takes its time.
    private static readonly TimeSpan Reserve = TimeSpan.FromMinutes(10);

    // The host's clock may be behind ours; it takes no more than ten minutes in all.
    private static readonly TimeSpan ClockSlack = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Life = TimeSpan.FromMinutes(9);

    private readonly ConcurrentDictionary<(string Api, string App, long Installation, string Key), Slot> _slots = new();

    /// <summary>A token that holds for ten minutes at least.</summary>
    /// <param name="app">The installation.</param>
    /// <param name="api">Where the host's API begins.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="CredentialException">The host gives none, or the key cannot be read.</exception>
    public async Task<string> TokenAsync(GitHubAppOptions app, string api, CancellationToken cancellationToken)
    {
        var slot = SlotOf(app, api);
        if (Valid(slot) is { } known)
        {
            return known;
        }

        // One asks, the others wait for its answer.
        await slot.Gate.WaitAsync(cancellationToken);
        try
        {
            if (Valid(slot) is { } fresh)
            {
                return fresh;
            }

            var answer = await FetchAsync(app, api, cancellationToken);
            slot.Token = answer;
            return answer.Token;
        }
        finally
        {
            slot.Gate.Release();
        }
    }

    /// <summary>The host refused the token: the next is a new one.</summary>
    public void Forget(GitHubAppOptions app, string api) => SlotOf(app, api).Token = null;

    private Slot SlotOf(GitHubAppOptions app, string api) => _slots.GetOrAdd((api, app.AppId, app.InstallationId, app.PrivateKey), _ => new());

    private string? Valid(Slot slot) => slot.Token is { } token && token.ExpiresAt - Reserve > time.GetUtcNow() ? token.Token : null;

    private async Task<AppToken> FetchAsync(GitHubAppOptions app, string api, CancellationToken cancellationToken)
    {
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, $"{api.TrimEnd('/')}/app/installations/{app.InstallationId}/access_tokens");
            request.Headers.Authorization = new("Bearer", await SignAsync(app, cancellationToken));
            request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/vnd.github+json"));
            request.Headers.UserAgent.ParseAdd("CodeAgent");
            using var response = await clients.CreateClient(Client).SendAsync(request, cancellationToken);
            return response.IsSuccessStatusCode
                ? (await response.Content.ReadFromJsonAsync(AppTokenJson.Default.AppToken, cancellationToken))!
                : throw new CredentialException($"The host gives the GitHub App {app.AppId} no token for its installation {app.InstallationId}: HTTP {(int)response.StatusCode} {response.ReasonPhrase}");
        }
        catch (Exception e) when (e is HttpRequestException or JsonException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw new CredentialException($"The host gives the GitHub App {app.AppId} no token: {e.Message}");
        }
    }

    // RFC 7519, by RS256: that is all that GitHub takes.
    private async Task<string> SignAsync(GitHubAppOptions app, CancellationToken cancellationToken)
    {
        using var key = RSA.Create();
        try
        {
            key.ImportFromPem(await File.ReadAllTextAsync(app.PrivateKey, cancellationToken));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or CryptographicException)
        {
            throw new CredentialException($"The private key of the GitHub App {app.AppId} cannot be read: {e.Message}");
        }

        var now = time.GetUtcNow();
        var claims = new AppClaims((now - ClockSlack).ToUnixTimeSeconds(), (now + Life).ToUnixTimeSeconds(), app.AppId);
        var text = $"{Base64Url.EncodeToString("""{"alg":"RS256","typ":"JWT"}"""u8)}.{Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(claims, AppTokenJson.Default.AppClaims))}";
        return $"{text}.{Base64Url.EncodeToString(key.SignData(System.Text.Encoding.ASCII.GetBytes(text), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1))}";
    }

    private sealed class Slot
    {
        public SemaphoreSlim Gate { get; } = new(1);

        public volatile AppToken? Token;
    }
}

/// <summary>What GitHub answers.</summary>
internal sealed record AppToken([property: JsonPropertyName("token")] string Token, [property: JsonPropertyName("expires_at")] DateTimeOffset ExpiresAt)
{
    /// <summary>Without the token.</summary>
    public override string ToString() => $"until {ExpiresAt}";
}

/// <summary>What an app says of itself.</summary>
internal sealed record AppClaims([property: JsonPropertyName("iat")] long IssuedAt, [property: JsonPropertyName("exp")] long ExpiresAt, [property: JsonPropertyName("iss")] string Issuer);

/// <summary>The JSON of a GitHub App's tokens.</summary>
[JsonSerializable(typeof(AppToken))]
[JsonSerializable(typeof(AppClaims))]
internal sealed partial class AppTokenJson : JsonSerializerContext;
