using System.Globalization;
using System.Net;
using CodeAgent.Api.Tests.Running;
using CodeAgent.Contracts;

namespace CodeAgent.Api.Tests.Artifacts;

/// <summary>Uploads an artifact in parts, header by header as the draft has it.</summary>
internal sealed class UploadClient(ApiClient worker, Lease lease)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public ApiClient Worker { get; } = worker;

    /// <summary>Where the upload is.</summary>
    public string Address { get; private set; } = "";

    /// <summary>The same upload, at another instance.</summary>
    public UploadClient At(ApiClient instance) => new(instance.With(lease), lease) { Address = Address };

    public async Task BeginAsync(string name, long length, byte[]? content = null)
    {
        using var answer = await SendAsync(HttpMethod.Put, $"/v1/leases/{lease.TaskId}/artifacts/{name}", content ?? [], "text/plain", ("Upload-Complete", "?0"), ("Upload-Length", $"{length}"));
        await ApiClient.ExpectAsync(answer, HttpStatusCode.Created);
        Assert.Equal(("?0", $"{content?.Length ?? 0}"), (Header(answer, "Upload-Complete"), Header(answer, "Upload-Offset")));
        Assert.Matches("^max-size=[0-9]+, max-age=[0-9]+$", Header(answer, "Upload-Limit"));
        Address = answer.Headers.Location!.OriginalString;
    }

    public async Task<long> OffsetAsync()
    {
        using var answer = await SendAsync(HttpMethod.Head, Address, null, null);
        await ApiClient.ExpectAsync(answer, HttpStatusCode.NoContent);
        Assert.Equal(("?0", "no-store"), (Header(answer, "Upload-Complete"), Header(answer, "Cache-Control")));
        Assert.NotNull(Header(answer, "Upload-Length"));
        return long.Parse(Header(answer, "Upload-Offset")!, CultureInfo.InvariantCulture);
    }

    public Task<HttpResponseMessage> AppendAsync(long offset, byte[] content, bool complete) => AppendAsync(offset, new ByteArrayContent(content), complete);

    public Task<HttpResponseMessage> AppendAsync(long offset, HttpContent content, bool complete)
    {
        content.Headers.ContentType = new("application/partial-upload");
        return SendContentAsync(HttpMethod.Patch, Address, content, ("Upload-Offset", $"{offset}"), ("Upload-Complete", complete ? "?1" : "?0"));
    }

    public Task<HttpResponseMessage> SendAsync(HttpMethod method, string address, byte[]? content, string? type, params (string Name, string Value)[] headers)
    {
        var body = content is null ? null : new ByteArrayContent(content);
        if (body is not null && type is not null)
        {
            body.Headers.ContentType = new(type);
        }

        return SendContentAsync(method, address, body, headers);
    }

    public static string? Header(HttpResponseMessage answer, string name) => answer.Headers.TryGetValues(name, out var values) ? string.Join(", ", values) : null;

    private async Task<HttpResponseMessage> SendContentAsync(HttpMethod method, string address, HttpContent? content, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, address) { Content = content };
        foreach (var (name, value) in headers)
        {
            request.Headers.Add(name, value);
        }

        return await Worker.Http.SendAsync(request, Stop);
    }
}
