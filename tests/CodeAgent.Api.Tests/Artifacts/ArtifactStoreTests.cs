using System.Security.Cryptography;
using System.Text;
using CodeAgent.Api.Artifacts;
using CodeAgent.ServiceDefaults.Problems;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace CodeAgent.Api.Tests.Artifacts;

public sealed class ArtifactStoreTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("codeagent-store-").FullName;
    private readonly FakeTimeProvider _time = new(TimeProvider.System.GetUtcNow());
    private readonly Guid _task = Guid.CreateVersion7();
    private readonly ArtifactStore _store;

    public ArtifactStoreTests() => _store = new(Options.Create(new ArtifactOptions { Root = _root }), _time);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public async Task What_is_stored_is_there_whole_with_its_hash_and_length()
    {
        var content = RandomNumberGenerator.GetBytes(300_000);

        var stored = await _store.SaveAsync(_task, "patch", "text/x-patch; charset=utf-8", new Dripping(content), Stop);

        Assert.Equal(content, await File.ReadAllBytesAsync(_store.PathOf(stored.Key), Stop));
        Assert.Equal(("patch", "text/x-patch; charset=utf-8", 300_000L, Convert.ToHexStringLower(SHA256.HashData(content)), _time.GetUtcNow()),
            (stored.Name, stored.ContentType, stored.Length, stored.Sha256, stored.CreatedAt));
        Assert.Empty(Temporaries());
    }

    [Theory]
    [InlineData("../escape")]
    [InlineData("..")]
    [InlineData(".hidden")]
    [InlineData("a/b")]
    [InlineData("a\\b")]
    [InlineData("a%2fb")]
    [InlineData("a\0b")]
    [InlineData("a\n")]
    [InlineData("ä")]
    [InlineData("")]
    [InlineData("12345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901")]
    public async Task A_name_that_is_not_allowed_is_refused_before_anything_is_written(string name)
    {
        var problem = await Assert.ThrowsAsync<ProblemException>(() => _store.SaveAsync(_task, name, null, new MemoryStream([1]), Stop));

        Assert.Equal(("invalid-artifact-name", 400), (problem.Type, problem.Status));
        Assert.Empty(Directory.EnumerateFileSystemEntries(_root));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("nonsense")]
    [InlineData("text/plain\r\nX-Evil: 1")]
    public async Task What_is_no_media_type_counts_as_bytes(string? contentType) =>
        Assert.Equal("application/octet-stream", (await _store.SaveAsync(_task, "x", contentType, new MemoryStream([1]), Stop)).ContentType);

    [Fact]
    public async Task An_upload_that_breaks_off_leaves_nothing()
    {
        await Assert.ThrowsAsync<IOException>(() => _store.SaveAsync(_task, "x", null, new Dripping(new byte[100_000], breaksOff: true), Stop));

        Assert.Empty(Directory.EnumerateFiles(_root, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task Uploads_of_one_name_at_once_do_not_mix()
    {
        var uploads = await Task.WhenAll(Enumerable.Range(0, 20).Select(i =>
            _store.SaveAsync(_task, "report", null, new Dripping(Encoding.ASCII.GetBytes(new string((char)('a' + i), 50_000))), Stop)));

        Assert.Equal(20, uploads.Select(upload => upload.Key).Distinct().Count());
        for (var i = 0; i < uploads.Length; i++)
        {
            Assert.Equal(new string((char)('a' + i), 50_000), await File.ReadAllTextAsync(_store.PathOf(uploads[i].Key), Stop));
        }
    }

    [Fact]
    public async Task What_is_too_long_is_refused_and_leaves_nothing()
    {
        var store = new ArtifactStore(Options.Create(new ArtifactOptions { Root = _root, Longest = 99_999 }), _time);

        var problem = await Assert.ThrowsAsync<ProblemException>(() => store.SaveAsync(_task, "x", null, new Dripping(new byte[100_000]), Stop));

        Assert.Equal(("content-too-large", 413), (problem.Type, problem.Status));
        Assert.Empty(Directory.EnumerateFiles(_root, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task What_is_deleted_is_gone_and_may_be_deleted_again()
    {
        var stored = await _store.SaveAsync(_task, "x", null, new MemoryStream([1]), Stop);
        await using var reading = new FileStream(_store.PathOf(stored.Key), FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);

        await _store.DeleteAsync(stored.Key);
        await _store.DeleteAsync(stored.Key);

        Assert.False(File.Exists(_store.PathOf(stored.Key)));
        Assert.Equal(1, reading.ReadByte());
    }

    private IEnumerable<string?> Temporaries() => Directory.EnumerateFiles(Path.Combine(_root, "tmp")).Select(Path.GetFileName);
}
