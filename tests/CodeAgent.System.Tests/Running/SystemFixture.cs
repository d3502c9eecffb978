namespace CodeAgent.SystemTests.Running;

/// <summary>One running system for the tests that leave it as they found it.</summary>
public sealed class SystemFixture : IAsyncLifetime
{
    internal RunningSystem System { get; private set; } = null!;

    public async ValueTask InitializeAsync() => System = await RunningSystem.StartAsync();

    public ValueTask DisposeAsync() => System.DisposeAsync();
}

[CollectionDefinition(nameof(SharedSystem))]
public sealed class SharedSystem : ICollectionFixture<SystemFixture>;
