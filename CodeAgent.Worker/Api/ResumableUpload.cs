using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using CodeAgent.Contracts;

namespace CodeAgent.Worker.Api;

/// <summary>
/// An upload by draft-ietf-httpbis-resumable-upload-11: begun without content, so that its address is known before anything can
/// break off; then sent, and gone on with from where the Api has it.
/// </summary>
/// <param name="transport">The way to the Api.</param>
/// <param name="lease">The lease.</param>
/// <param name="name">The artifact's name.</param>
/// <param name="contentType">Its media type.</param>
/// <param name="file">Where its content is.</param>
internal sealed class ResumableUpload(ApiTransport transport, Lease lease, string name, string contentType, string file)
{
    private const string InteropVersion = "8";
    private const string Offset = "Upload-Offset";
    private const string Complete = "Upload-Complete";
    private readonly long _length = new FileInfo(file).Length;
    private string? _address;
    private bool _isTold = true;

    /// <summary>Whether the Api cannot do it: it is an older one, and the whole is to be sent in one request.</summary>
    public bool IsUnknown { get; private set; }

    /// <summary>Tries once to bring it to its end; the next try goes on from there.</summary>
    /// <exception cref="ApiUnavailableException">It broke off.</exception>
    /// <exception cref="LeaseLostException">The lease is over.</exception>
    /// <exception cref="ApiRefusedException">The Api will not have it.</exception>
    public async Task<bool> TryAsync(CancellationToken cancellationToken)
    {
        try
        {
            _address ??= await BeginAsync(cancellationToken);
            if (_address is null)
            {
                IsUnknown = true;
                return false;
            }

            var offset = _isTold ? 0 : await LookAsync(cancellationToken);
            _isTold = false;
            return await SendAsync(offset, cancellationToken);
        }
        catch (ApiRefusedException e) when (_address is not null && e.Status is HttpStatusCode.NotFound or HttpStatusCode.Conflict)
        {
            // It is gone, and begins anew; or an earlier request of ours was not over yet, and how far it came is asked again.
            (_address, _isTold) = e.Status == HttpStatusCode.NotFound ? (null, true) : (_address, false);
            throw new ApiUnavailableException(e.Message);
        }
    }

    private Task<string?> BeginAsync(CancellationToken cancellationToken)
    {
        var request = Request(HttpMethod.Put, $"v1/leases/{lease.TaskId}/artifacts/{name}", new ByteArrayContent([]));
        request.Content!.Headers.ContentType = MediaTypeHeaderValue.Parse(contentType);
        request.Headers.Add(Complete, "?0");
        request.Headers.Add("Upload-Length", _length.ToString(CultureInfo.InvariantCulture));
        return SendAsync(request, LeaseApi.Limit, response => response.StatusCode == HttpStatusCode.Created ? response.Headers.Location?.OriginalString : null, cancellationToken);
    }

    private Task<long> LookAsync(CancellationToken cancellationToken) => SendAsync(
        Request(HttpMethod.Head, _address!, null), LeaseApi.Limit,
        response => long.Parse(response.Headers.GetValues(Offset).Single(), NumberStyles.None, CultureInfo.InvariantCulture), cancellationToken);

    private Task<bool> SendAsync(long offset, CancellationToken cancellationToken)
    {
        var stream = LeaseApi.Open(file);
        stream.Position = offset;
        var request = Request(HttpMethod.Patch, _address!, new StreamContent(stream));
        request.Content!.Headers.ContentType = new("application/partial-upload");
        request.Headers.Add(Offset, offset.ToString(CultureInfo.InvariantCulture));
        request.Headers.Add(Complete, "?1");
        return SendAsync(request, LeaseApi.LimitFor(_length), _ => true, cancellationToken);
    }

    private async Task<T> SendAsync<T>(HttpRequestMessage request, TimeSpan limit, Func<HttpResponseMessage, T> read, CancellationToken cancellationToken)
    {
        using (request)
        {
            return await transport.SendAsync(request, lease.Token, limit, (response, _) => Task.FromResult(read(response)), cancellationToken);
        }
    }

    private static HttpRequestMessage Request(HttpMethod method, string address, HttpContent? content)
    {
        var request = new HttpRequestMessage(method, address) { Content = content };
        request.Headers.Add("Upload-Draft-Interop-Version", InteropVersion);
        return request;
    }
}
