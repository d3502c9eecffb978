using CodeAgent.ServiceDefaults.Problems;

namespace CodeAgent.Api.Artifacts.Uploads;

/// <summary>Refusals as workers see them.</summary>
internal static class UploadProblems
{
    public static ProblemException NotFound() => new("upload-not-found", StatusCodes.Status404NotFound,
        "There is no such upload of this lease: it is complete, was given up, or nobody went on with it for too long. Begin a new one.");

    public static ProblemException OtherOffset(long offset) => new("mismatching-upload-offset", StatusCodes.Status409Conflict,
        $"{offset} bytes have come so far: go on from there.")
    { Field = UploadHeaders.Offset };

    public static ProblemException OtherLength() => new("inconsistent-upload-length", StatusCodes.Status400BadRequest,
        "What came has another length than was said when the upload began. Begin a new one.")
    { Field = UploadHeaders.Length };

    public static ProblemException Superseded() => new("upload-superseded", StatusCodes.Status409Conflict, "A later request goes on with this upload.");

    public static ProblemException Busy() => new("upload-busy", StatusCodes.Status503ServiceUnavailable, "Another request has this upload just now.")
    {
        RetryAfter = TimeSpan.FromSeconds(1),
    };
}
