using CodeAgent.Testing.Redis;

namespace CodeAgent.Api.Tests.Running;

/// <summary>A Redis for the tests of one class, and the Api in front of it.</summary>
public interface IApiFixture
{
    RedisFixture Redis { get; }

    string Folder { get; }

    internal ApiServer Server(IEnumerable<(string Name, string Value)> settings);
}

/// <inheritdoc />
/// <typeparam name="T">The kind of server.</typeparam>
public sealed class ApiOn<T> : IApiFixture, IAsyncLifetime
    where T : RedisFixture, new()
{
    private readonly T _redis = new();
    private ApiServer? _server;

    public RedisFixture Redis => _redis;

    public string Folder { get; } = Directory.CreateTempSubdirectory("codeagent-api-").FullName;

    // The first test starts it; the settings are those of the class.
    ApiServer IApiFixture.Server(IEnumerable<(string Name, string Value)> settings) =>
        _server ??= ApiServer.Start(Redis.ConnectionString, Folder, settings);

    public ValueTask InitializeAsync() => _redis.InitializeAsync();

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }

        await _redis.DisposeAsync();
        Directory.Delete(Folder, recursive: true);
    }
}
