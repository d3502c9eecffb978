using CodeAgent.ServiceDefaults.Configuration;
using CodeAgent.Testing;
using Microsoft.Extensions.Logging.Testing;

namespace CodeAgent.LlmGateway.Tests.Configuration;

public sealed class ConfigFileTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("config-").FullName;
    private readonly FakeLogger<ConfigFile<Kitchen>> _logger = new();
    private ConfigFile<Kitchen> _file = null!;
    private ConfigFileWatcher<Kitchen> _watcher = null!;

    private string Path => System.IO.Path.Combine(_folder, "kitchen.yaml");

    public async ValueTask InitializeAsync()
    {
        await File.WriteAllTextAsync(Path, "seats: 1");
        _file = await ConfigFile.LoadAsync<Kitchen>(Path, _ => null, Kitchen.Validate);
        _watcher = new(_file, _logger, TimeProvider.System);
        await _watcher.StartAsync(CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        await _watcher.StopAsync(CancellationToken.None);
        _watcher.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private Task SeatsAsync(int seats) => Eventually.TrueAsync(
        () => Task.FromResult(_file.Current.Seats == seats), TimeSpan.FromSeconds(10), $"{seats} seats");

    private Task LoggedAsync(string text) => Eventually.TrueAsync(
        () => Task.FromResult(_logger.Collector.GetSnapshot().Any(line => line.Message.Contains(text, StringComparison.Ordinal))),
        TimeSpan.FromSeconds(10), $"'{text}' in the log");

    [Fact]
    public async Task A_change_is_in_force_without_a_restart()
    {
        var (told, before) = (new TaskCompletionSource<int>(), _file.Version);
        _file.Changed += kitchen => told.TrySetResult(kitchen.Seats);

        await File.WriteAllTextAsync(Path, "seats: 2", TestContext.Current.CancellationToken);

        Assert.Equal(2, await told.Task.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken));
        Assert.Equal(2, _file.Current.Seats);
        Assert.NotEqual(before, _file.Version);
        Assert.Equal((await ConfigFile.LoadAsync<Kitchen>(Path, _ => null, Kitchen.Validate, TestContext.Current.CancellationToken)).Version, _file.Version);
    }

    [Fact]
    public async Task An_editor_may_replace_the_file_by_a_rename()
    {
        for (var seats = 2; seats < 5; seats++)
        {
            await File.WriteAllTextAsync(Path + ".tmp", $"seats: {seats}", TestContext.Current.CancellationToken);
            File.Move(Path + ".tmp", Path, overwrite: true);
            await SeatsAsync(seats);
        }
    }

    [Fact]
    public async Task A_file_that_was_emptied_is_no_configuration()
    {
        await File.WriteAllTextAsync(Path, "", TestContext.Current.CancellationToken);
        await LoggedAsync("is empty, the last good configuration stays in force");
        Assert.Equal(1, _file.Current.Seats);

        await File.WriteAllTextAsync(Path, "seats: 2", TestContext.Current.CancellationToken);
        await SeatsAsync(2);
    }

    [Fact]
    public async Task A_bad_edit_is_refused_and_the_next_good_one_taken()
    {
        await File.WriteAllTextAsync(Path, "seats: 3\nchairs: 2", TestContext.Current.CancellationToken);
        await LoggedAsync("kitchen.yaml(2): there is no 'chairs' here");
        Assert.Equal(1, _file.Current.Seats);

        await File.WriteAllTextAsync(Path, "seats: 3", TestContext.Current.CancellationToken);
        await SeatsAsync(3);
    }

    [Fact]
    public async Task Somebody_who_cannot_take_a_change_over_does_not_end_the_watch()
    {
        _file.Changed += kitchen => throw new FormatException("not for me");
        await File.WriteAllTextAsync(Path, "seats: 2", TestContext.Current.CancellationToken);
        await LoggedAsync("was not taken over");

        await File.WriteAllTextAsync(Path, "seats: 5", TestContext.Current.CancellationToken);
        await SeatsAsync(5);
    }

    [Fact]
    public async Task A_file_that_goes_away_changes_nothing_until_it_is_back()
    {
        File.Delete(Path);
        await LoggedAsync("is gone");
        Assert.Equal(1, _file.Current.Seats);

        await File.WriteAllTextAsync(Path, "seats: 6", TestContext.Current.CancellationToken);
        await SeatsAsync(6);
    }

    [Fact]
    public async Task Without_a_file_the_defaults_hold()
    {
        var file = await ConfigFile.LoadAsync<Kitchen>(System.IO.Path.Combine(_folder, "none", "x.yaml"), _ => null, Kitchen.Validate, TestContext.Current.CancellationToken);

        Assert.Equal(4, file.Current.Seats);
    }

    [Fact]
    public async Task A_bad_file_at_the_start_is_an_error()
    {
        await File.WriteAllTextAsync(Path, "seats: 0", TestContext.Current.CancellationToken);

        await Assert.ThrowsAsync<ConfigFileException>(() =>
            ConfigFile.LoadAsync<Kitchen>(Path, _ => null, Kitchen.Validate, TestContext.Current.CancellationToken));
    }
}
