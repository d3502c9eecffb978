using CodeAgent.ServiceDefaults.Redis;

namespace CodeAgent.LlmGateway.Budgets;

/// <summary>
/// Both scripts take what many requests need at once. A minute and a day are those of Redis's clock, so that all gateways count
/// in the same one. Counts go up by HINCRBY and by whole numbers only: Lua's own numbers are exact up to 9,007 dollars in
/// picodollars, and are used beyond that for comparing alone.
/// </summary>
internal static class BudgetScripts
{
    /// <summary>
    /// Reserves. KEYS: for each subject its counts and its open reservations, then records of keys that must still be there.
    /// ARGV: subjects, requests, until when a reservation stands (ms from now); for each subject nine limits (-1 is none) and how
    /// long its counts are kept (ms, 0 is for good); for each request: id, tokens it needs, tokens it would like besides, the same
    /// in money, the place of its key's record (0 is none), how many subjects, and their places.
    /// Answers: now in ms, minute, day; for each request: 0, or -1 (its key is gone), or 16 * subject + limit; tokens and money
    /// it got of what it would like besides; for each subject its nine counts.
    /// </summary>
    public static RedisScript Reserve { get; } = new("budgets reserve", """
        local time = redis.call('TIME')
        local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
        local minute, day = math.floor(now / 60000), math.floor(now / 86400000)
        local names = {'rm', 'rd', 'rt', 'tm', 'td', 'tt', 'um', 'ud', 'ut'}
        local function whole(x) return string.format('%.0f', x) end
        local count, requests, stands = tonumber(ARGV[1]), tonumber(ARGV[2]), whole(now + tonumber(ARGV[3]))
        local at, subjects = 3, {}
        for i = 1, count do
          local s = {used = {}, limit = {}, added = {}, open = {}, keep = ARGV[at + 10], counts = KEYS[2 * i - 1], opens = KEYS[2 * i]}
          local known = redis.call('HMGET', s.counts, 'mw', 'dw', 'rm', 'rd', 'rt', 'tm', 'td', 'tt', 'um', 'ud', 'ut')
          s.newMinute = tonumber(known[1] or -1) ~= minute
          s.newDay = tonumber(known[2] or -1) ~= day
          for f = 1, 9 do
            local window = f % 3
            s.limit[f] = tonumber(ARGV[at + f])
            s.used[f] = tonumber(known[f + 2] or 0)
            if (window == 1 and s.newMinute) or (window == 2 and s.newDay) then s.used[f] = 0 end
            s.added[f] = 0
          end
          subjects[i] = s
          at = at + 10
        end

        local function release(s)
          s.swept = true
          local open = redis.call('HGETALL', s.opens)
          for j = 1, #open, 2 do
            local til, tokens, money = string.match(open[j + 1], '^(%d+):(%d+):(%d+):')
            if til and tonumber(til) < now then
              redis.call('HDEL', s.opens, open[j])
              if s.limit[6] >= 0 and tokens ~= '0' then
                s.used[6] = s.used[6] - tonumber(tokens)
                redis.call('HINCRBY', s.counts, 'tt', '-' .. tokens)
              end
              if s.limit[9] >= 0 and money ~= '0' then
                s.used[9] = s.used[9] - tonumber(money)
                redis.call('HINCRBY', s.counts, 'ut', '-' .. money)
              end
            end
          end
        end

        local answer = {now, minute, day}
        for n = 1, requests do
          local id, record, width = ARGV[at + 1], tonumber(ARGV[at + 6]), tonumber(ARGV[at + 7])
          local needs = {1, tonumber(ARGV[at + 2]), tonumber(ARGV[at + 4])}
          local wants = {0, tonumber(ARGV[at + 3]), tonumber(ARGV[at + 5])}
          local likes = {0, wants[2], wants[3]}
          local verdict = 0
          if record > 0 and redis.call('EXISTS', KEYS[2 * count + record]) == 0 then verdict = -1 end
          for k = 1, width do
            local place = tonumber(ARGV[at + 7 + k])
            local s = subjects[place]
            for f = 1, 9 do
              if verdict == 0 and s.limit[f] >= 0 then
                local m = math.floor((f + 2) / 3)
                local room = s.limit[f] - s.used[f] - needs[m]
                if room < 0 and f % 3 == 0 and not s.swept then
                  release(s)
                  room = s.limit[f] - s.used[f] - needs[m]
                end
                if room < 0 or (room == 0 and needs[m] == 0 and wants[m] > 0) then verdict = 16 * place + f - 1 end
                if room < likes[m] then likes[m] = room end
              end
            end
          end
          if verdict == 0 then
            for k = 1, width do
              local s = subjects[tonumber(ARGV[at + 7 + k])]
              for f = 1, 9 do
                if s.limit[f] >= 0 then
                  local m = math.floor((f + 2) / 3)
                  s.used[f] = s.used[f] + needs[m] + likes[m]
                  s.added[f] = s.added[f] + needs[m] + likes[m]
                end
              end
              if s.limit[6] >= 0 or s.limit[9] >= 0 then
                s.open[#s.open + 1] = id
                s.open[#s.open + 1] = stands .. ':' .. whole(needs[2] + likes[2]) .. ':' .. whole(needs[3] + likes[3]) .. ':' .. whole(minute) .. ':' .. whole(day)
              end
            end
            answer[#answer + 1] = 0
            answer[#answer + 1] = likes[2]
            answer[#answer + 1] = likes[3]
          else
            answer[#answer + 1] = verdict
            answer[#answer + 1] = 0
            answer[#answer + 1] = 0
          end
          at = at + 7 + width
        end

        for i = 1, count do
          local s, changed = subjects[i], false
          for f = 1, 9 do changed = changed or s.added[f] > 0 end
          if changed then
            if s.newMinute then redis.call('HSET', s.counts, 'mw', whole(minute), 'rm', 0, 'tm', 0, 'um', 0) end
            if s.newDay then redis.call('HSET', s.counts, 'dw', whole(day), 'rd', 0, 'td', 0, 'ud', 0) end
            for f = 1, 9 do
              if s.added[f] > 0 then redis.call('HINCRBY', s.counts, names[f], whole(s.added[f])) end
            end
            if s.keep == '0' then redis.call('PERSIST', s.counts) else redis.call('PEXPIRE', s.counts, s.keep) end
            if #s.open > 0 then
              redis.call('HSET', s.opens, unpack(s.open))
              redis.call('PEXPIRE', s.opens, whole(2 * tonumber(ARGV[3])))
            end
          end
          for f = 1, 9 do answer[#answer + 1] = s.used[f] end
        end
        return answer
        """.Replace("unpack(", "(unpack or table.unpack)(", StringComparison.Ordinal));

    /// <summary>
    /// Settles. KEYS: the number of this gateway's last batch; for each subject its counts and its open reservations; hashes of
    /// the books. ARGV: number of the batch, how long that is kept (ms), how many subjects, changes of windows, changes of totals,
    /// hashes of the books, entries, and how long books are kept (ms); for each subject which of its nine limits are there (0 or
    /// 1 each) and how long its counts are kept; for each change of windows: subject, minute, day, tokens and money more than reserved (less below 0), and the same
    /// of only those that used more than they had reserved, for windows that are over; for each change of totals: subject,
    /// reservation, tokens and money more than reserved (the first is '?' where nobody knows whether and what was reserved: then all
    /// of it is given back by its own record), and in full, for a reservation that no longer stands; for each entry: hash, field,
    /// count. Counts that are kept for good and are gone belonged to a key that was revoked: they are not begun anew.
    /// Answers 0 where this batch was taken before.
    /// </summary>
    public static RedisScript Settle { get; } = new("budgets settle", """
        if tonumber(redis.call('GET', KEYS[1]) or 0) >= tonumber(ARGV[1]) then return 0 end
        redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
        local time = redis.call('TIME')
        local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
        local minute, day = math.floor(now / 60000), math.floor(now / 86400000)
        local function whole(x) return string.format('%.0f', x) end
        local function change(key, field, by) if by ~= '0' then redis.call('HINCRBY', key, field, by) end end
        local count, windows, totals, books, entries = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
        local at, subjects = 8, {}
        for i = 1, count do
          local key = KEYS[2 * i]
          local known = redis.call('HMGET', key, 'mw', 'dw')
          subjects[i] = {counts = key, opens = KEYS[2 * i + 1], has = ARGV[at + 2 * i - 1], keep = ARGV[at + 2 * i], minute = tonumber(known[1] or -1), day = tonumber(known[2] or -1)}
          subjects[i].gone = subjects[i].keep == '0' and not known[1]
        end
        at = at + 2 * count

        local function has(s, f) return not s.gone and string.sub(s.has, f, f) == '1' end
        local function release(s, id)
          local tokens, money, m, d = string.match(redis.call('HGET', s.opens, id) or '', '^%d+:(%d+):(%d+):(%d+):(%d+)$')
          if not tokens then return end
          redis.call('HDEL', s.opens, id)
          local function back(f, field, by) if has(s, f) and by ~= '0' then redis.call('HINCRBY', s.counts, field, '-' .. by) end end
          if tonumber(m) == s.minute then back(4, 'tm', tokens); back(7, 'um', money) end
          if tonumber(d) == s.day then back(5, 'td', tokens); back(8, 'ud', money) end
          back(6, 'tt', tokens)
          back(9, 'ut', money)
        end

        for n = 1, windows do
          local s = subjects[tonumber(ARGV[at + 1])]
          local tokens, money, moreTokens, moreMoney = ARGV[at + 4], ARGV[at + 5], ARGV[at + 6], ARGV[at + 7]
          if (has(s, 4) or has(s, 7)) and (s.minute == tonumber(ARGV[at + 2]) or moreTokens ~= '0' or moreMoney ~= '0') then
            local same = s.minute == tonumber(ARGV[at + 2])
            if not same and s.minute ~= minute then
              redis.call('HSET', s.counts, 'mw', whole(minute), 'rm', 0, 'tm', 0, 'um', 0)
              s.minute = minute
            end
            if has(s, 4) then change(s.counts, 'tm', same and tokens or moreTokens) end
            if has(s, 7) then change(s.counts, 'um', same and money or moreMoney) end
          end
          if (has(s, 5) or has(s, 8)) and (s.day == tonumber(ARGV[at + 3]) or moreTokens ~= '0' or moreMoney ~= '0') then
            local same = s.day == tonumber(ARGV[at + 3])
            if not same and s.day ~= day then
              redis.call('HSET', s.counts, 'dw', whole(day), 'rd', 0, 'td', 0, 'ud', 0)
              s.day = day
            end
            if has(s, 5) then change(s.counts, 'td', same and tokens or moreTokens) end
            if has(s, 8) then change(s.counts, 'ud', same and money or moreMoney) end
          end
          at = at + 7
        end

        for n = 1, totals do
          local s = subjects[tonumber(ARGV[at + 1])]
          if ARGV[at + 3] == '?' then
            release(s, ARGV[at + 2])
          else
            local stood = redis.call('HDEL', s.opens, ARGV[at + 2]) == 1
            if has(s, 6) then change(s.counts, 'tt', stood and ARGV[at + 3] or ARGV[at + 5]) end
            if has(s, 9) then change(s.counts, 'ut', stood and ARGV[at + 4] or ARGV[at + 6]) end
          end
          at = at + 6
        end

        for i = 1, count do
          if subjects[i].keep ~= '0' then redis.call('PEXPIRE', subjects[i].counts, subjects[i].keep) end
        end

        local first = 2 * count + 1
        for n = 1, entries do
          redis.call('HINCRBY', KEYS[first + tonumber(ARGV[at + 1])], ARGV[at + 2], ARGV[at + 3])
          at = at + 3
        end
        for n = 1, books do redis.call('PEXPIRE', KEYS[first + n], ARGV[8]) end
        return 1
        """);
}
