using System.Globalization;
using CodeAgent.Api.Tasks;
using CodeAgent.ServiceDefaults.Problems;

namespace CodeAgent.Api.Artifacts.Uploads;

/// <summary>The header fields of draft-ietf-httpbis-resumable-upload-11, structured fields of RFC 9651: an integer, or <c>?1</c> and <c>?0</c>.</summary>
internal static class UploadHeaders
{
    public const string Offset = "Upload-Offset";
    public const string Length = "Upload-Length";
    public const string Complete = "Upload-Complete";
    public const string Limit = "Upload-Limit";
    public const string MediaType = "application/partial-upload";
    private const long Largest = 999_999_999_999_999;

    /// <summary>Whether the request's content is the end of what is uploaded; null where the client does not say so.</summary>
    public static bool? IsComplete(this HttpRequest request) => request.Headers[Complete].ToString().Trim() switch
    {
        "?1" => true,
        "?0" => false,
        _ => null,
    };

    /// <summary>A field that is a number of bytes.</summary>
    /// <exception cref="ProblemException">400 where it is missing or is none.</exception>
    public static long Bytes(this HttpRequest request, string header) =>
        long.TryParse(request.Headers[header].ToString().Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value <= Largest
            ? value : throw TaskProblems.Invalid(header, $"The header {header} is a number of bytes, 0 to {Largest}.");

    /// <summary>Says how far an upload is, whatever else is answered. At the last moment, because the exception handler empties the headers.</summary>
    public static void Describe(this HttpResponse response, UploadState state) => response.OnStarting(static told =>
    {
        var (response, state) = ((HttpResponse, UploadState))told;
        response.Headers[Complete] = state.Complete ? "?1" : "?0";
        response.Headers[Offset] = state.Offset.ToString(CultureInfo.InvariantCulture);
        if (state.Limit is { } limit)
        {
            response.Headers[Limit] = limit;
        }

        return Task.CompletedTask;
    }, (response, state));
}

/// <summary>How far an upload is; what it says when the answer begins is sent.</summary>
internal sealed class UploadState
{
    public bool Complete { get; set; }

    public long Offset { get; set; }

    public string? Limit { get; init; }
}
