using System.Buffers.Text;
using System.Security.Cryptography;

namespace CodeAgent.AppHost.Settings;

/// <summary>The secrets of a run on a developer's machine: made at the first start, readable by their owner only.</summary>
/// <param name="Api">A person's key: <c>CODEAGENT_API_KEY</c>, or kept in <see cref="ApiFile"/>.</param>
/// <param name="ApiFile">Where it is kept; null where it came from the environment.</param>
/// <param name="Worker">The workers' key: <c>CODEAGENT_WORKER_KEY</c>, or kept.</param>
/// <param name="Secret">What the services hash keys with: <c>CODEAGENT_KEY_SECRET</c>, or kept.</param>
/// <param name="Redis">The embedded server's password: any program on the machine reaches its port.</param>
internal sealed record DevelopmentKeys(string Api, string? ApiFile, string Worker, string Secret, string Redis)
{
    public static DevelopmentKeys None { get; } = new("", null, "", "", "");

    public static async Task<DevelopmentKeys> ReadAsync(IConfiguration configuration, string folder)
    {
        var file = Path.Combine(folder, "api-key");
        var given = Given(configuration, "CODEAGENT_API_KEY");
        return new(
            given ?? await KeepAsync(file),
            given is null ? file : null,
            Given(configuration, "CODEAGENT_WORKER_KEY") ?? await KeepAsync(Path.Combine(folder, "worker-key")),
            Given(configuration, "CODEAGENT_KEY_SECRET") ?? await KeepAsync(Path.Combine(folder, "key-secret")),
            await KeepAsync(Path.Combine(folder, "redis-password")));
    }

    private static string? Given(IConfiguration configuration, string name) =>
        configuration[name] is { Length: > 0 } key ? key : null;

    private static async Task<string> KeepAsync(string file)
    {
        if (File.Exists(file))
        {
            return (await File.ReadAllTextAsync(file)).Trim();
        }

        // The services make theirs in the same way (CodeAgent.ServiceDefaults/Identity/Secret.cs).
        var key = "ca_" + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
        await PrivateFile.WriteAsync(file, key);
        return key;
    }
}
